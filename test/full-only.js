/**
 * The tests that `npm test` leaves out and `npm run test:full` runs: what is long or statistical, and what starts
 * browsers, brokers and processes. Folders and files under test/.
 */
export const fullOnly = [
  'docs/examples.test.ts',
  'e2e/',
  'examples/',
  'interop/',
  'scripts/',
  'stress/',
  'cli.test.ts',
  'client/commands/bots.test.ts',
  'contract/conform.test.ts',
  'client/negotiation/negotiation-paths.test.ts',
  'client/negotiation/recovery.test.ts',
  'client/peer/channel-floods.test.ts',
  'client/peer/channels.test.ts',
  'client/room/mesh.test.ts',
  'client/rooms/agent.test.ts',
  'client/rtc/turn.test.ts',
  'inspector/page/dom.test.ts',
  'inspector/records/hostile-record.test.ts',
  'server/admission/kept-memory.test.ts',
  'server/cluster/bus/nats/',
  'server/cluster/model.test.ts',
  'server/cluster/rooms/model.test.ts',
  'server/dialects/native/many-returns.test.ts',
  'server/dialects/native/restart.test.ts',
  'server/drain/drain-process.test.ts',
  'server/growth.test.ts',
  'server/http/descriptors.test.ts',
  'server/programs/',
  'server/relay/relay-command.test.ts',
  'server/serve-command.test.ts',
  'server/token-command.test.ts',
  'server/workers.test.ts',
  'tools/node-process.test.ts',
];

/**
 * The tests that `npm run test:release` runs, and nothing else: the packages and other runtimes, which are fetched from the
 * registry, what deploys and proxies a server, benchmarks, and clusters of processes. They take minutes, and what they
 * test seldom changes.
 */
export const releaseOnly = [
  'bench/',
  'deploy/',
  'e2e/cluster.test.ts',
  'interop/balancers.test.ts',
  'interop/trystero.test.ts',
  'packages/',
  'scripts/release.test.ts',
  'server/runtimes.test.ts',
];

/** The tests that both run: a few runs of each of their properties are quick, many are long (test/support/runs.ts). */
export const fullAgain = [
  'client/peer/last-words.test.ts',
  'client/rooms/full-mesh.test.ts',
  'machines/host/random-machines.test.ts',
  'server/signaling/interleavings.test.ts',
];

/**
 * The tests near the shell that serves, which `npm run test:full` runs once more with `--shell ws`. `npm run test:release`
 * runs the server's others so: all of them pass with both shells, but what differs is found by these.
 */
export const bothShells = [
  'server/admission/limits.test.ts',
  'server/admission/request-headers.test.ts',
  'server/dialects/native/bad-input.test.ts',
  'server/dialects/socket-io/transports.test.ts',
  'server/http/answers.test.ts',
  'server/http/connections.test.ts',
  'server/http/listen.test.ts',
  'server/http/tls.test.ts',
  'server/inspector/feed.test.ts',
  'server/telemetry/metrics.test.ts',
  'server/telemetry/refusal-log.test.ts',
  'server/traces/traces.test.ts',
];
