/** What a session's machine takes in memory: a server has one for every client. */
import { expect, it } from '@jest/globals';
import {
  Hosted,
  MachineHost,
  type SessionContext,
  type SessionEvent,
  StepQueue,
  sessionMachine,
} from '../../../src/machines/index.ts';
import { collectGarbage } from '../../support/collect-garbage.ts';

/** So many that what else the heap gains or loses meanwhile, some hundred KB, is a few bytes for each. */
const SESSIONS = 80_000;

it('a peer adds less than 150 bytes to a session, which is as small as before once the peer is gone', () => {
  const host = new MachineHost<typeof sessionMachine, Hosted<SessionContext>>(sessionMachine, {
    executors: new Proxy({}, { get: () => () => {} }) as never,
    queue: new StepQueue(),
    onError: (_session, error) => {
      throw error;
    },
  });
  const settings = { pingIntervalMs: 30_000, pingTimeoutMs: 10_000, resumeGraceMs: 30_000 };
  const start = (n: number) => {
    const session = new Hosted<SessionContext>();
    host.start(session, { id: `${n}`, maxPeers: 1, isResumable: false, may: 'pair', settings });
    return session;
  };
  // What the host learns about its machine is kept once, for all sessions.
  const first = start(-1);
  for (const event of [
    { type: 'HEARD' },
    { type: 'PAIRED', epoch: 1, peerId: 'other' },
    { type: 'UNPAIRED', epoch: 1 },
  ] as const)
    host.dispatch(first, event);
  const sessions = Array.from({ length: SESSIONS }, (_, n) => start(n));
  const bytesAfter = (event: SessionEvent) => {
    for (const session of sessions) host.dispatch(session, event);
    collectGarbage();
    return process.memoryUsage().heapUsed / SESSIONS;
  };

  const alone = bytesAfter({ type: 'HEARD' });
  expect(bytesAfter({ type: 'PAIRED', epoch: 1, peerId: 'other' }) - alone).toBeLessThan(150);
  expect(bytesAfter({ type: 'UNPAIRED', epoch: 1 }) - alone).toBeLessThan(10);
});
