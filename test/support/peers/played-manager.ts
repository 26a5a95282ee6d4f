/** A manager of player 0 in game g, whose socket and WebRTC engine a test plays; closed after the test. */
import { EventEmitter } from 'node:events';
import { afterEach } from '@jest/globals';
import { BaseWebRTCManager, type WebRTCManagerOptions } from '../../../src/client/rooms/manager.ts';
import type { ConnectionConfig } from '../../../src/client/rtc/types.ts';
import { ManualClock } from '../../../src/testing/manual-clock.ts';
import { FakePeerConnection } from './fake-rtc.ts';
import { settled } from './played-peer.ts';

const managers: BaseWebRTCManager[] = [];

afterEach(async () => {
  await Promise.all(managers.splice(0).map((manager) => manager.close({ signal: AbortSignal.abort() })));
});

/** A call of the game's callbacks. */
type Told = readonly [what: 'open' | 'message' | 'close' | 'failed', id: unknown, more?: unknown];

export function playedManager(options: WebRTCManagerOptions = {}) {
  /** What it emits reaches the manager. */
  const server = new EventEmitter();
  /** What the manager emits. */
  const sent: unknown[] = [];
  const socket = {
    connected: true,
    on: server.on.bind(server),
    off: server.off.bind(server),
    emit: (...event: unknown[]) => sent.push(event),
  };
  const clock = new ManualClock();
  const engines: FakePeerConnection[] = [];
  const lines: string[] = [];
  const warnings: string[] = [];
  const told: Told[] = [];
  const platform = {
    openSocket: () => {
      throw new Error('the socket is the game’s');
    },
    createConnection: (config: ConnectionConfig) => {
      const engine = new FakePeerConnection();
      engine.config = config;
      engines.push(engine);
      played.onEngine?.(engine);
      return engine;
    },
    clock,
    random: () => 0.5,
  };
  const manager = new BaseWebRTCManager(platform, socket, 'g', 0, {
    logger: {
      log: (line) => lines.push(line),
      warn: (line) => {
        lines.push(line);
        warnings.push(line);
      },
    },
    onDataChannelOpen: (id) => told.push(['open', id]),
    onDataChannelMessage: (data, id) => told.push(['message', id, data]),
    onDataChannelClose: (id) => told.push(['close', id]),
    onConnectionFailed: (id, { code }) => told.push(['failed', id, code]),
    ...options,
  });
  managers.push(manager);
  const isListenedTo = () => server.listenerCount('webrtc_signal') > 0;
  const played = {
    ...{ manager, server, socket, sent, engines, lines, warnings, told, clock, isListenedTo },
    /** Called with each connection that is made, before it does anything. */
    onEngine: undefined as ((engine: FakePeerConnection) => void) | undefined,
    /** @returns how many events were sent until nobody listened any more; at most `most` */
    flood(event: string, data: (n: number) => unknown, most = 200_000) {
      let count = 0;
      while (isListenedTo() && count < most) server.emit(event, data(count++));
      return count;
    },
    /** Lets all that the engines do end well. */
    async proceed() {
      await settled();
      for (let busy = true; busy; ) {
        busy = false;
        for (const engine of engines)
          while (engine.isBusy) {
            busy = true;
            await engine.proceed();
          }
        await settled();
      }
    },
  };
  return played;
}
