/**
 * The tests that `npm test` leaves out and `npm run test:full` runs: what is long or statistical, and the matrix of
 * browsers, brokers and processes. Folders and files under test/.
 */
export const fullOnly = [
  'bench/',
  'interop/',
  'packages/',
  'scripts/',
  'stress/',
  'e2e/chat.test.ts',
  'e2e/cluster.test.ts',
  'e2e/inspector-nodes.test.ts',
  'e2e/inspector-relay.test.ts',
  'e2e/inspector-rooms.test.ts',
  'e2e/rooms.test.ts',
  'client/commands/bots.test.ts',
  'contract/conform.test.ts',
  'client/rooms/agent.test.ts',
  'client/rtc/turn.test.ts',
  'server/cluster/model.test.ts',
  'server/dialects/native/restart.test.ts',
  'server/drain/drain-process.test.ts',
];
