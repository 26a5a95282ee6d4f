import { expect, it } from '@jest/globals';
import { SessionLocations } from '../../../../src/server/cluster/migration/session-locations.ts';
import { PairingRestorer } from '../../../../src/server/cluster/pairing/restore-pairings.ts';
import type { ServerSession } from '../../../../src/server/signaling/session.ts';
import { nobodyOn } from '../../../support/servers/test-cluster.ts';
import { startTestServer } from '../../../support/servers/test-server.ts';

it('a pairing that moves brings how often the other side has come back: no older copy of that one is believed', async () => {
  const test = await startTestServer({ node: 1 });
  const a = await test.connectResumable();
  const { sessions, remotePairings, queue } = test.server.parts;
  const restorer = new PairingRestorer({
    sessions,
    locations: new SessionLocations(1, queue),
    remotePairings,
  });
  const peer = nobodyOn(3);
  restorer.restoreMoved(sessions.get(a.id) as ServerSession, {
    epoch: 7,
    peer_id: peer,
    peer_generation: 2,
    connected: [],
    initiator: true,
    is_resumable: true,
    is_away: false,
    last_sender_seq: 0,
    unacked: [],
    node: 3,
  });
  expect([1, 2].map((generation) => restorer.knowsLaterCopy(peer, generation))).toEqual([true, false]);
});
