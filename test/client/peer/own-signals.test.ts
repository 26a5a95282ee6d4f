/** What the users of two peers signal for a connection of their own, through the server. */
import { describe, expect, it } from '@jest/globals';
import { event, recorded, testPeer } from '../../support/peers/werift-peers.ts';
import { startTestServer } from '../../support/servers/test-server.ts';

describe('peer.signal()', () => {
  it('reaches the other one in order, with whose it is, as soon as they are paired, and both ways', async () => {
    const { server } = await startTestServer();
    const [a, b] = [await testPeer(server.url), await testPeer(server.url)];
    const [heard, paired] = [recorded(b, 'signal'), event(b, 'paired')];
    await Promise.all([a.pair({ id: b.id as string }), paired]);
    const sent = [
      { type: 'offer', sdp: 'v=0' },
      'text',
      null,
      7,
      ...Array.from({ length: 20 }, (_, n) => ({ n })),
    ];
    for (const data of sent) a.signal(data);
    const answer = event(a, 'signal');
    b.on('signal', (data, peerId) => {
      if (heard.length === sent.length) b.signal({ data, peerId });
    });
    expect(await answer).toEqual({ data: sent.at(-1), peerId: a.id });
    expect(heard).toEqual(sent);
  });

  it('is refused by who has no peer, and after the end of the connection', async () => {
    const { server } = await startTestServer();
    const [a, b] = [await testPeer(server.url), await testPeer(server.url)];
    expect(() => a.signal(1)).toThrow(expect.objectContaining({ code: 'not_paired' }));
    await a.pair({ id: b.id as string });
    const [connection] = a.connections.values();
    await a.unpair();
    expect(() => connection?.signal(1)).toThrow(expect.objectContaining({ code: 'unpaired' }));
    expect(() => a.signal(1)).toThrow(expect.objectContaining({ code: 'not_paired' }));
  });
});
