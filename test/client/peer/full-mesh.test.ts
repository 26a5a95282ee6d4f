/** Real peers, each connected with each over a real server, all of them at once. */
import { describe, expect, it } from '@jest/globals';
import type { Peer } from '../../../src/client/index.ts';
import { eventually } from '../../support/peers/room-members.ts';
import { testPeer } from '../../support/peers/werift-peers.ts';
import { startTestServer } from '../../support/servers/test-server.ts';

/** Connects each two at once. @returns all connections of each peer, all of them open */
async function connectAll(peers: readonly Peer[]): Promise<void> {
  const asked = peers.flatMap((peer, at) =>
    peers.slice(at + 1).map((other) => peer.connect({ id: other.id as string })),
  );
  await Promise.all(asked);
  await Promise.all(peers.flatMap((peer) => [...peer.connections.values()].map((each) => each.opened())));
}

const textsOf = (peer: Peer) => {
  const texts: string[] = [];
  peer.on('connection', (connection) => connection.on('message', (data) => texts.push(`${data}`)));
  return texts;
};

const COUNT = 3;

describe('three peers, each connected with each', () => {
  it('hear every other one, and nobody else', async () => {
    const { server } = await startTestServer();
    const peers = await Promise.all(
      Array.from({ length: COUNT }, () => testPeer(server.url, { peers: COUNT })),
    );
    const heard = peers.map(textsOf);
    await connectAll(peers);
    for (const peer of peers) {
      for (const [to, connection] of peer.connections) await connection.send(`${peer.id} to ${to}`);
    }
    await eventually(() => heard.every(({ length }) => length === COUNT - 1));
    peers.forEach((peer, at) => {
      const others = peers.filter((other) => other !== peer);
      expect(heard[at]?.toSorted()).toEqual(others.map(({ id }) => `${id} to ${peer.id}`).toSorted());
      expect([...peer.connections.values()].map(({ state }) => state)).toEqual(others.map(() => 'connected'));
    });
  });
});
