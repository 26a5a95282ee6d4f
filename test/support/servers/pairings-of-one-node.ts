/**
 * A real server, node 1, whose pairings with clients of other nodes are the test's: it says what those nodes say, and
 * hears what this one tells them.
 */
import { SessionLocations } from '../../../src/server/cluster/migration/session-locations.ts';
import { RemotePairings } from '../../../src/server/cluster/pairing/remote-pairings.ts';
import { signalIn } from '../../../src/server/dialects/native/decode-client-message.ts';
import type { ServerSession } from '../../../src/server/signaling/session.ts';
import type { RawClient } from '../clients/raw-client.ts';
import { linksTo } from '../network/recorded-links.ts';
import { startTestServer } from './test-server.ts';

export async function pairingsOfOneNode() {
  const test = await startTestServer({ node: 1 });
  const { sessions, signaling, queue } = test.server.parts;
  const { links, sent } = linksTo(2, 3);
  const locations = new SessionLocations(1, queue);
  const remotePairings = new RemotePairings({ links, locations, signaling, signalIn });
  return {
    ...{ ...test, locations, remotePairings },
    sessionOf: ({ id }: RawClient) => sessions.get(id) as ServerSession,
    /** What the other nodes were told since this was last asked. */
    told: () => sent.splice(0).map(({ node, message }) => ({ node, ...message })),
    /** What the client was told, once the server has dealt with all that it sent. */
    async heard(client: RawClient) {
      await client.settled();
      return client.inbox.splice(0);
    },
  };
}
