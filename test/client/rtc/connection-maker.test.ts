/** Connections that are made ahead, with engines that fail. */
import { expect, it } from '@jest/globals';
import { type CommonConfig, ConnectionMaker } from '../../../src/client/rtc/connection-maker.ts';
import type { ConnectionConfig, IceServer } from '../../../src/client/rtc/types.ts';
import { FakePeerConnection } from '../../support/peers/fake-rtc.ts';

const SERVERS: readonly IceServer[] = [{ urls: 'stun:stun.test' }];

/** @param make may fail, or make an engine of another kind */
function makerOf(make: (engine: FakePeerConnection) => FakePeerConnection) {
  const engines: FakePeerConnection[] = [];
  const create = (config: ConnectionConfig) => {
    const engine = make(new FakePeerConnection());
    engine.config = config;
    engines.push(engine);
    return engine;
  };
  return { maker: new ConnectionMaker(create, {} as CommonConfig, true), engines };
}

it('one that cannot be made ahead is made when it is needed', () => {
  let isFull = true;
  const { maker, engines } = makerOf((engine) => {
    if (isFull) throw new Error('too many');
    return engine;
  });
  maker.makeAhead();
  isFull = false;
  expect(maker.make(SERVERS)).toBe(engines[0]);
});

it('one that refuses the ICE servers is closed once nobody needs it', () => {
  const { maker, engines } = makerOf((engine) =>
    Object.assign(engine, {
      setConfiguration() {
        throw new Error('no such server');
      },
    }),
  );
  maker.makeAhead();
  expect(() => maker.make(SERVERS)).toThrow('no such server');
  maker.dropAhead();
  expect(engines.map(({ calls }) => calls)).toEqual([['close']]);
});

it('one that takes no ICE servers later is not used, and closed', () => {
  const { maker, engines } = makerOf((engine) => Object.assign(engine, { setConfiguration: undefined }));
  maker.makeAhead();
  maker.make(SERVERS);
  maker.dropAhead();
  expect(engines.map(({ calls, config }) => [calls, config?.iceServers])).toEqual([
    [['close'], []],
    [[], SERVERS],
  ]);
});
