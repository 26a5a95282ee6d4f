/** What a server may have a client do and keep: no more than its user asked for, and a bounded amount. */
import { describe, expect, it } from '@jest/globals';
import { SignalingLink } from '../../../src/client/signaling/signaling-client.ts';
import type { SocketHandlers } from '../../../src/client/signaling/socket.ts';
import { playedPeer, settled } from '../../support/peers/played-peer.ts';

const paired = (n: number) => ({
  ...{ type: 'paired', peer_id: `peer ${n}`, initiator: false, polite: true, epoch: n, room: 'r' },
});

describe('a server that means harm', () => {
  it.each([
    ['1 peer of a client that said nothing of peers', {}, 1],
    ['3 peers of a client that wants 3', { peers: 3 }, 3],
  ])('brings at most %s, though it says that it may bring a million', async (_what, options, most) => {
    const { peer, server } = await playedPeer(options, 1_000_000);
    for (let n = 1; n <= 20; n += 1) server.say(paired(n));
    await settled();
    expect(peer.connections.size).toBe(most);
  });

  it('has a client remember of 1,000 pairings at most what it heard in them: the newest', () => {
    const { heard, say } = linked();
    const candidate = (epoch: number) => ({ type: 'candidate', candidate: null, from_peer: true, epoch });
    for (let epoch = 1; epoch <= 5_000; epoch += 1) say(candidate(epoch), 7);
    expect(heard()).toBe(5_000);
    // The same again: of the newest it is known that they were had.
    for (let epoch = 4_001; epoch <= 5_000; epoch += 1) say(candidate(epoch), 7);
    expect(heard()).toBe(5_000);
    say(candidate(1), 7);
    expect(heard()).toBe(5_001);
  });

  it('has a client keep 16 MiB that it does not ack: then the session is over, which the client says, and begins anew', () => {
    const { link, sent, told, welcome } = linked();
    const data = 'x'.repeat(60_000);
    for (let n = 0; n < 1_000; n += 1) link.send({ type: 'signal', data });
    expect(sent.length * data.length).toBeLessThan(17 * 1024 * 1024);
    expect(told).toEqual(['problem invalid_server_message', 'session lost', 'lost, may return']);
    const before = sent.length;
    link.open();
    welcome();
    link.send({ type: 'signal', data: 'anew' });
    expect(sent.slice(before)).toEqual([expect.stringContaining('anew')]);
  });
});

/** A link to a server that welcomes it, and acks nothing. */
function linked() {
  let socket: SocketHandlers | undefined;
  const sent: string[] = [];
  const told: string[] = [];
  let heard = 0;
  const link = new SignalingLink(
    'ws://played/',
    (_url, handlers) => {
      socket = handlers;
      return { send: (text) => sent.push(text), close: () => {} };
    },
    {
      isMany: true,
      received: ({ type }) => {
        if (type !== 'your_id') heard += 1;
      },
      problem: ({ code }) => told.push(`problem ${code}`),
      lost: ({ mayReturn }) => told.push(`lost, ${mayReturn ? 'may' : 'may not'} return`),
      sessionLost: () => told.push('session lost'),
      claims: () => ({}),
    },
  );
  const welcome = () =>
    socket?.received(JSON.stringify({ type: 'your_id', id: 'me', ping_interval_ms: 0, resume: 'a secret' }));
  link.open();
  welcome();
  let seq = 0;
  const say = (message: object, senderSeq: number) => {
    seq += 1;
    socket?.received(`[${seq},0,${JSON.stringify(message)},${senderSeq}]`);
  };
  return { link, sent, told, say, welcome, heard: () => heard };
}
