/** What `send` has accepted arrives, although its sender leaves at once: the example of the README, and its variants. */
import { describe, expect, it } from '@jest/globals';
import { createPeer, type Peer } from '../../../src/client/index.ts';
import { event, openPair, recorded } from '../../support/peers/werift-peers.ts';
import { byThoroughness } from '../../support/runs.ts';
import { startTestServer } from '../../support/servers/test-server.ts';
import { slowClock } from '../../support/slow-clock.ts';

const leave = {
  'close()': (peer: Peer) => peer.close(),
  'close(), twice': async (peer: Peer) => {
    await Promise.all([peer.close(), peer.close()]);
  },
  'unpair()': async (peer: Peer) => peer.unpair(),
};

const bursts: readonly (readonly [string, readonly (string | Uint8Array)[]])[] = [
  ['one small message', ['hello']],
  ['an empty text', ['']],
  ['empty bytes', [new Uint8Array(0)]],
  ['64 KiB', [new Uint8Array(65_536).fill(7)]],
  ['five of 64 KiB and a small one', [...Array.from({ length: 5 }, () => new Uint8Array(65_536)), 'end']],
  ['a hundred small ones', Array.from({ length: 100 }, (_, i) => `message ${i}`)],
];

describe("the README's ten lines", () => {
  it('arrive at the other end: send, then close', async () => {
    const { server } = await startTestServer();
    const options = { url: server.url, iceServers: [], iceAdditionalHostAddresses: ['127.0.0.1'] };
    const responder = await createPeer(options);
    const received = event(responder, 'message');
    const { key } = await responder.createKey();
    const initiator = await createPeer(options);
    await initiator.pair({ key });
    await initiator.opened();
    await initiator.send('hello');
    await initiator.close();
    expect(await received).toBe('hello');
    await responder.close();
  });
});

describe.each(Object.keys(leave) as (keyof typeof leave)[])('what was sent before %s', (how) => {
  describe.each([0, 1])('by peer %i', (who) => {
    // Shortly: each burst in one way, and in each other way a burst or messages that nobody waited for.
    const isFirst = how === 'close()' && who === 0;
    const isLarge = how === 'close(), twice' ? who === 0 : how === 'unpair()' && who === 1;
    const chosen = byThoroughness(isFirst ? bursts : isLarge ? bursts.slice(4, 5) : [], bursts);
    for (const [what, messages] of chosen)
      it(`arrives whole, and before the goodbye: ${what}`, async () => {
        const { server } = await startTestServer();
        const pair = await openPair(server.url, { clock: slowClock });
        const [from, to] = [pair[who], pair[1 - who]] as [Peer, Peer];
        const received = recorded(to, 'message');
        const gone = event(to, 'peer_disconnected');
        for (const message of messages) await from.send(message);
        await leave[how](from);
        await gone;
        expect(received).toEqual(messages);
      });

    if (byThoroughness(how !== 'close(), twice' && !isFirst && !isLarge, true))
      it('arrives also when nobody waited for `send`', async () => {
        const { server } = await startTestServer();
        const pair = await openPair(server.url, { clock: slowClock });
        const [from, to] = [pair[who], pair[1 - who]] as [Peer, Peer];
        const received = recorded(to, 'message');
        const gone = event(to, 'peer_disconnected');
        const messages = Array.from({ length: 60 }, (_, i) => `${i}`);
        for (const message of messages) from.send(message);
        await leave[how](from);
        await gone;
        expect(received).toEqual(messages);
      });
  });
});
