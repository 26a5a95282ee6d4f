/** Connections that are made ahead, with engines that fail. */
import { expect, it } from '@jest/globals';
import { type CommonConfig, ConnectionMaker } from '../../../src/client/rtc/connection-maker.ts';
import type { ConnectionConfig, IceServer } from '../../../src/client/rtc/types.ts';
import { FakePeerConnection } from '../../support/peers/fake-rtc.ts';

const SERVERS: readonly IceServer[] = [{ urls: 'stun:stun.test' }];

/**
 * @param make may fail, or make an engine of another kind
 * @param named the ICE servers that the user named
 */
function makerOf(make: (engine: FakePeerConnection) => FakePeerConnection, named?: readonly IceServer[]) {
  const engines: FakePeerConnection[] = [];
  const create = (config: ConnectionConfig) => {
    const engine = make(new FakePeerConnection());
    engine.config = config;
    engines.push(engine);
    return engine;
  };
  const config: CommonConfig = { iceServers: named, iceTransportPolicy: 'all', silenceMs: 0 };
  const maker = new ConnectionMaker(create, config, [{ label: 'chat' }], true);
  const shown = () => engines.map(({ calls, config }) => [calls, config?.iceServers]);
  return { maker, shown };
}

it('one that cannot be made ahead is made when it is needed', () => {
  let isFull = true;
  const { maker, shown } = makerOf((engine) => {
    if (isFull) throw new Error('too many');
    return engine;
  });
  maker.makeAhead();
  isFull = false;
  maker.make(SERVERS, false);
  expect(shown()).toEqual([[[], SERVERS]]);
});

it('one that refuses its configuration, as in a page that adds to what it is made with, is not used, and closed', () => {
  const { maker, shown } = makerOf((engine) =>
    Object.assign(engine, {
      setConfiguration() {
        throw new Error('bundlePolicy cannot be changed');
      },
    }),
  );
  maker.makeAhead();
  maker.make(SERVERS, true);
  maker.dropAhead();
  expect(shown()).toEqual([
    [['close'], []],
    [[], SERVERS],
  ]);
});

it('one that takes no ICE servers later is not used, and closed', () => {
  const { maker, shown } = makerOf((engine) => Object.assign(engine, { setConfiguration: undefined }));
  maker.makeAhead();
  maker.make(SERVERS, false);
  maker.dropAhead();
  expect(shown()).toEqual([
    [['close'], []],
    [[], SERVERS],
  ]);
});

it('one that was dropped is closed, and a new one is made when it is needed', () => {
  const { maker, shown } = makerOf((engine) => engine, SERVERS);
  maker.makeAhead();
  maker.dropAhead();
  maker.make(SERVERS, false);
  expect(shown()).toEqual([
    [['close'], SERVERS],
    [[], SERVERS],
  ]);
});

it('one that knows its ICE servers from the start is given none again', () => {
  const { maker, shown } = makerOf(
    (engine) =>
      Object.assign(engine, {
        setConfiguration() {
          throw new Error('it was given some again');
        },
      }),
    SERVERS,
  );
  maker.makeAhead();
  maker.make(SERVERS, false);
  expect(shown()).toEqual([[[], SERVERS]]);
});

it('one that has offered is for who offers, and only once', () => {
  const { maker, shown } = makerOf((engine) => engine, SERVERS);
  maker.offerAhead();
  const answering = maker.make(SERVERS, false);
  const offering = maker.make(SERVERS, true);
  const next = maker.make(SERVERS, true);
  expect(new Set([answering, offering, next]).size).toBe(3);
  expect(shown()).toEqual([
    [['createOffer()'], SERVERS],
    [[], SERVERS],
    [[], SERVERS],
  ]);
  maker.dropAhead();
  expect(shown().map(([calls]) => calls?.length)).toEqual([1, 0, 0]);
});

it('one that has offered and is not needed is closed once, and not used', () => {
  for (const drop of ['dropAhead', 'dropOffer'] as const) {
    const { maker, shown } = makerOf((engine) => engine, SERVERS);
    maker.offerAhead();
    maker[drop]();
    maker[drop]();
    maker.make(SERVERS, true);
    expect(shown()).toEqual([
      [['createOffer()', 'close'], SERVERS],
      [[], SERVERS],
    ]);
  }
});
