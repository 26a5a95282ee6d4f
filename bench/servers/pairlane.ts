/** Pairlane as `pairlane serve` runs it, with every limit on but set above the load; it logs warnings. */
import { systemClock } from '../../src/common/clock.ts';
import { startServer } from '../../src/server/index.ts';
import { beMeasured } from './measured.ts';
import { longestPauseOf } from './pause.ts';

const ABOVE_THE_LOAD = 1_000_000;

/** Time that the benchmark has skipped, so that all clients are due for a ping at once. */
let skippedMs = 0;

const server = await startServer(
  {
    port: 0,
    logLevel: 'warn',
    peerjs: true,
    maxConnectionsPerAddress: ABOVE_THE_LOAD,
    maxUpgradesPerSecond: ABOVE_THE_LOAD,
    maxBytesPerSecond: 1024 * ABOVE_THE_LOAD,
    maxMessagesPerSecond: ABOVE_THE_LOAD,
    maxMessagesPerAddress: ABOVE_THE_LOAD,
    maxMessageBurst: ABOVE_THE_LOAD,
  },
  { clock: { ...systemClock, now: () => systemClock.now() + skippedMs } },
);

beMeasured(server.port, {
  pings: () =>
    longestPauseOf(
      () => {
        skippedMs += server.options.pingIntervalMs;
      },
      () => [...server.parts.sessions.values()].every((session) => session.isPinged),
    ),
});
