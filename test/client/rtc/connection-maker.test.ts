/** Connections that are made ahead, with engines that fail. */
import { expect, it } from '@jest/globals';
import { type CommonConfig, ConnectionMaker } from '../../../src/client/rtc/connection-maker.ts';
import type { ConnectionConfig, IceServer } from '../../../src/client/rtc/types.ts';
import { FakePeerConnection } from '../../support/peers/fake-rtc.ts';

const unsent = () => {
  throw new Error('nothing is to be sent');
};
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
  return { maker, engines, shown };
}

it('one that cannot be made ahead is made when it is needed', () => {
  let isFull = true;
  const { maker, shown } = makerOf((engine) => {
    if (isFull) throw new Error('too many');
    return engine;
  });
  maker.makeAhead();
  isFull = false;
  maker.make(SERVERS);
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
  maker.make(SERVERS);
  maker.dropAhead();
  expect(shown()).toEqual([
    [['close'], []],
    [[], SERVERS],
  ]);
});

it('one that takes no ICE servers later is not used, and closed', () => {
  const { maker, shown } = makerOf((engine) => Object.assign(engine, { setConfiguration: undefined }));
  maker.makeAhead();
  maker.make(SERVERS);
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
  maker.make(SERVERS);
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
  maker.make(SERVERS);
  expect(shown()).toEqual([[[], SERVERS]]);
});

it('one that has offered is the next once its request is answered, and only once', () => {
  const { maker, shown } = makerOf((engine) => engine, SERVERS);
  maker.offerAhead(unsent);
  const before = maker.make(SERVERS);
  maker.useOffer();
  maker.dropOffer();
  const answer = maker.make(SERVERS);
  maker.useOffer();
  expect(new Set([before, answer, maker.make(SERVERS)]).size).toBe(3);
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
    maker.offerAhead(unsent);
    maker[drop]();
    maker[drop]();
    maker.useOffer();
    maker.make(SERVERS);
    expect(shown()).toEqual([
      [['createOffer()', 'close'], SERVERS],
      [[], SERVERS],
    ]);
  }
});

it('what was made or offered ahead is the next connection, and no further one', () => {
  const { maker, engines } = makerOf((engine) => engine);
  maker.makeAhead();
  maker.make(SERVERS);
  maker.make(SERVERS);
  expect(engines.length).toBe(2);

  const offering = makerOf((engine) => engine, SERVERS);
  offering.maker.offerAhead(unsent);
  offering.maker.useOffer();
  expect(offering.maker.make(SERVERS)).not.toBe(offering.maker.make(SERVERS));
  expect(offering.engines.length).toBe(2);
});

it('one that has offered ahead gets the ICE servers of its pairing before its offer is set', async () => {
  const { maker, engines, shown } = makerOf((engine) => engine);
  maker.offerAhead(() => {});
  await engines[0]?.proceed();
  maker.useOffer();
  expect(shown()).toEqual([[['createOffer()'], []]]);
  maker.make(SERVERS);
  await engines[0]?.rest();
  expect(shown()).toEqual([[['createOffer()', 'setLocal(offer)'], SERVERS]]);
});

it.each([
  [
    'refuses its configuration',
    () => {
      throw new Error('bundlePolicy cannot be changed');
    },
  ],
  ['takes no ICE servers later', undefined],
])('one that %s offers nothing ahead, since its ICE servers come later', (_, setConfiguration) => {
  const { maker, shown } = makerOf((engine) => Object.assign(engine, { setConfiguration }));
  maker.offerAhead(unsent);
  maker.useOffer();
  maker.make(SERVERS);
  expect(shown()).toEqual([
    [[], []],
    [[], SERVERS],
  ]);
});

it('one that has offered ahead is closed if it cannot have the ICE servers of its pairing, and who needs it is told', () => {
  const { maker, engines, shown } = makerOf((engine) => engine);
  maker.offerAhead(unsent);
  const [engine] = engines;
  if (!engine) throw new Error('no engine was made');
  engine.setConfiguration = () => {
    throw new Error('TURN needs a user name');
  };
  maker.useOffer();
  expect(() => maker.make(SERVERS)).toThrow('TURN needs a user name');
  expect(shown()).toEqual([[['createOffer()', 'close'], []]]);
  maker.make(SERVERS);
  expect(engines.length).toBe(2);
});
