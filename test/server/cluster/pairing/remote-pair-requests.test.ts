/** Requests of a real server's client; the links to the other nodes are the test's own, which says what those answer. */
import { expect, it } from '@jest/globals';
import type { Links } from '../../../../src/server/cluster/links.ts';
import { SessionLocations } from '../../../../src/server/cluster/migration/session-locations.ts';
import { RemotePairRequests } from '../../../../src/server/cluster/pairing/remote-pair-requests.ts';
import { nobodyOn } from '../../../support/servers/test-cluster.ts';
import { startTestServer } from '../../../support/servers/test-server.ts';

it('two nodes that each say that the other one has a client are asked once each', async () => {
  const { server, connect } = await startTestServer({ node: 1 });
  const { signaling, remotePairings, queue } = server.parts;
  const asked: number[] = [];
  const links: Links = { open: [2, 3], inUse: [2, 3], isOpen: () => true, send: (node) => asked.push(node) };
  const locations = new SessionLocations(1, queue);
  const requests = new RemotePairRequests({ links, locations, remotePairings, signaling });
  const client = await connect();
  const session = server.parts.sessions.get(client.id);
  if (!session) throw new Error('the server does not know its client');

  requests.request(session, { targetId: nobodyOn(2), key: undefined });
  const epoch = session.pendingPairRequest?.epoch ?? 0;
  const denied = { type: 'denied', epoch, to: client.id, code: 'target_not_found' } as const;
  requests.onDenied(2, { ...denied, node: 3 });
  requests.onDenied(3, { ...denied, node: 2 });
  expect(asked).toEqual([2, 3]);
});
