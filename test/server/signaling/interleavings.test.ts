/**
 * Many clients at once, each doing anything at any time: whatever the order, a signal reaches the sender's peer or
 * nobody, both sides agree on who is paired, and the server's books are those of its machines.
 */
import { describe, expect, it } from '@jest/globals';
import type { RawClient } from '../../support/clients/raw-client.ts';
import fc from '../../support/fast-check.ts';
import { runs } from '../../support/runs.ts';
import { startTestServer, type TestServer } from '../../support/servers/test-server.ts';

const CLIENTS = 5;

const move = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('pair' as const),
      who: fc.nat(CLIENTS - 1),
      whom: fc.nat(CLIENTS - 1),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constantFrom('offer' as const, 'answer' as const, 'candidate' as const),
      who: fc.nat(CLIENTS - 1),
      whom: fc.constant(0),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('unpair' as const, 'report' as const),
      who: fc.nat(CLIENTS - 1),
      whom: fc.constant(0),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('vanish' as const),
      who: fc.nat(CLIENTS - 1),
      whom: fc.constant(0),
    }),
  },
);

type Move = { readonly do: string; readonly who: number; readonly whom: number };

/** What a client has seen, in order: with whom it was paired, and what reached it meanwhile. */
function historyOf(client: RawClient): { peer: string | undefined; signals: string[] }[] {
  const history: { peer: string | undefined; signals: string[] }[] = [{ peer: undefined, signals: [] }];
  for (const message of client.inbox) {
    if (message.type === 'paired') history.push({ peer: String(message.peer_id), signals: [] });
    else if (message.type === 'peer_disconnected') history.push({ peer: undefined, signals: [] });
    else if (message.from_peer === true) history.at(-1)?.signals.push(String(message.from));
  }
  return history;
}

function check({ server }: TestServer, clients: readonly RawClient[]): void {
  for (const client of clients) {
    for (const { peer, signals } of historyOf(client)) {
      for (const sender of signals) expect(sender).toBe(peer);
    }
  }
  for (const session of server.parts.sessions.values()) {
    const [seat] = session.seats;
    const pairing = seat?.pairing;
    const isPaired = !server.parts.sessionHost
      .snapshotOf(session)
      .matches({ present: { pairings: 'unpaired' } });
    expect(isPaired).toBe(pairing !== undefined);
    expect(session.context.pairings.map(({ peerId }) => peerId)).toEqual(seat ? [seat.peer?.id] : []);
    if (pairing) {
      expect(server.parts.pairings.has(pairing)).toBe(true);
      expect(pairing[seat.side]).toBe(seat);
    }
  }
  for (const { initiator, responder, isDone } of server.parts.pairings) {
    expect([isDone, server.parts.sessions.get(initiator.id)?.seats[0]?.peer === responder]).toEqual([
      false,
      true,
    ]);
  }
}

describe('clients that do anything at any time', () => {
  it('never reach anybody but their peer, and leave the books in order', async () => {
    const test = await startTestServer({
      maxMessagesPerSecond: 0,
      maxConnectionsPerAddress: 0,
      logLevel: 'silent',
    });
    let relayed = 0;
    const scenario = async (moves: readonly Move[], scheduler: fc.Scheduler) => {
      const clients = await Promise.all(Array.from({ length: CLIENTS }, () => test.connect()));
      const act = async ({ do: what, who, whom }: Move) => {
        const client = clients[who] as RawClient;
        if (client.socket.readyState !== client.socket.OPEN) return;
        const targetId = clients[whom]?.id;
        const from = client.id;
        if (what === 'vanish') client.socket.terminate();
        else if (what === 'pair') client.send({ type: 'pair_request', target_id: targetId });
        else client.send({ type: what, sdp: 'x', candidate: null, state: 'connected', from });
      };
      await scheduler.waitFor(
        Promise.all(moves.map((next) => scheduler.schedule(Promise.resolve(next)).then(act))),
      );
      await Promise.all(clients.map((client) => client.settled().catch(() => {})));
      check(test, clients);
      relayed += clients.flatMap((client) => historyOf(client).flatMap(({ signals }) => signals)).length;
      for (const client of clients) client.socket.terminate();
    };
    await fc.assert(
      fc.asyncProperty(
        fc.array(move, { maxLength: 60, size: 'max' }),
        fc.scheduler(),
        async (moves, scheduler) => {
          await scenario(moves, scheduler);
        },
      ),
      { numRuns: runs(30, 100) },
    );
    // About two a run, or none at all where something is wrong.
    expect(relayed).toBeGreaterThan(0);
  });
});
