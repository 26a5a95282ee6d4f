import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { expect, it } from '@jest/globals';
import { nodePlatform } from '../../src/client/index.ts';
import { driveTimers, wallSecond } from '../../src/common/clock.ts';
import { nodeClock } from '../../src/common/node-clock.ts';
import { NO_TIMER, TimerWheel } from '../../src/machines/without-xstate.ts';

it('a time of the clock is the same second since 1970 whenever it is asked for, and at most one off', () => {
  const since1970 = 1_700_000_000_250;
  /** A clock that has run for so long, and counts the time since 1970 in whole milliseconds only. */
  const clockAt = (now: number) => ({ now: () => now, wallTime: () => Math.floor(since1970 + now) });
  const times = Array.from({ length: 6_000 }, (_, half) => half / 2);
  const early = times.map((at) => wallSecond(clockAt(5_000.1), at));
  expect(times.map((at) => wallSecond(clockAt(5_000.9), at))).toEqual(early);
  const off = times.map((at, n) => Math.abs((early[n] as number) - since1970 - at));
  expect(Math.max(...off)).toBeLessThanOrEqual(1_000);
  expect(early.filter((time) => time % 1_000 !== 0)).toEqual([]);
});

/** How long this thread stands still after the other one has written: longer than its timer takes. */
const PAUSE_MS = 200;

it.each([
  ['a peer', nodePlatform.clock],
  ['a server', nodeClock],
])('after a pause, %s handles what came meanwhile before a timer that is overdue', async (_whose, clock) => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const port = (server.address() as { port: number }).port;
  const written = new Int32Array(new SharedArrayBuffer(4));
  const other = new Worker(WRITER, { eval: true, workerData: { port, written } });
  const [socket] = (await once(server, 'connection')) as [Socket];
  const wheel = new TimerWheel(clock.now());
  const stop = driveTimers(wheel, clock);
  try {
    const handled = await new Promise<string[]>((resolve) => {
      const seen: string[] = [];
      const see = (what: string) => {
        if (seen.push(what) === 2) resolve(seen);
      };
      socket.once('data', () => see('data'));
      wheel.arm({ timer: NO_TIMER }, 'overdue', 1, () => see('timer'));
      // The event loop's next phase is that of timers, before that of sockets.
      setImmediate(() => {
        other.postMessage('write');
        Atomics.wait(written, 0, 0);
        Atomics.wait(written, 0, 1, PAUSE_MS);
      });
    });
    expect(handled).toEqual(['data', 'timer']);
  } finally {
    stop();
    socket.destroy();
    server.close();
    await other.terminate();
  }
});

const WRITER = `
  const { parentPort, workerData: { port, written } } = require('node:worker_threads');
  const socket = require('node:net').connect(port, '127.0.0.1');
  parentPort.on('message', () => socket.write('x', () => {
    Atomics.store(written, 0, 1);
    Atomics.notify(written, 0);
  }));
`;
