/** A peer that sends what it must not, over signaling and over WebRTC: only the pairing with it ends, by a typed error. */
import { describe, expect, it } from '@jest/globals';
import { nodePlatform } from '../../src/client/index.ts';
import type { Platform } from '../../src/client/platform.ts';
import { SDP } from '../support/fake-rtc.ts';
import { event, inState, open, recorded, testPeer } from '../support/peers.ts';
import { ScriptedServer } from '../support/scripted-server.ts';
import { startTestServer } from '../support/test-server.ts';

/** Node's platform, for a peer that changes what it says, or what it is told. */
function lying(change: { sent?: (text: string) => string[]; received?: (text: string) => string }): Platform {
  return {
    ...nodePlatform,
    openSocket(url, handlers) {
      const socket = nodePlatform.openSocket(url, {
        ...handlers,
        received: (data) => handlers.received(change.received?.(String(data)) ?? data),
      });
      return {
        ...socket,
        send: (text) => (change.sent?.(text) ?? [text]).forEach((part) => void socket.send(part)),
      };
    },
  };
}

const lines = (...more: string[]) => [SDP, ...more, ''].join('\r\n');
const ice = ['a=ice-ufrag:abcd', 'a=ice-pwd:abcdefghijklmnopqrstuv', 'a=mid:0', 'a=sctp-port:5000'];
const fingerprint = `a=fingerprint:sha-256 ${Array(32).fill('AB').join(':')}`;

describe('a session description of a peer', () => {
  it.each([
    ['is empty', ''],
    ['is prose', 'I would like to connect'],
    ['is 60,000 times the same letter', 'v'.repeat(60_000)],
    ['is of null bytes', '\0'.repeat(100)],
    ['has only video', 'v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n'],
    ['has a media line that breaks off', 'v=0\r\nm=application \r\n'],
    ['has no ICE credentials', SDP],
    ['has no fingerprint', lines(...ice)],
    ['has a port that is none', lines(...ice, fingerprint, 'a=sctp-port:lots')],
  ])('that %s ends the pairing with a typed error, and nothing else', async (_, sdp) => {
    const server = await ScriptedServer.start();
    const timeouts = { answerMs: 400, checkingMs: 400 };
    const peer = await testPeer(server.url, { timeouts, maxRestarts: 0 });
    for (const initiator of [false, true]) {
      const error = event(peer, 'error');
      server.send({ type: 'paired', peer_id: 'them', initiator, polite: true, epoch: Number(initiator) });
      if (initiator) await server.next('offer');
      server.send({ type: initiator ? 'answer' : 'offer', sdp, from_peer: true, epoch: Number(initiator) });
      expect(await error).toMatchObject({
        name: 'PairlaneError',
        code: expect.stringMatching(/^(description_refused|connection_failed|connection_timeout)$/),
      });
      expect(peer.state).toBe('unpaired');
    }
  });
});

describe('candidates of a peer', () => {
  const garbage = [
    ...['', ' ', 'garbage', 'candidate:', 'candidate:1 1 udp', '\0\0\0', 'x'.repeat(1_000)],
    'candidate:1 1 udp 1 127.0.0.1 99999 typ host',
    'candidate:1 1 udp -1 127.0.0.1 port typ host',
    'candidate:1 1 sctp 1 127.0.0.1 9 typ host',
    'candidate:1 9 udp 1 no.such.host.invalid 9 typ host',
    'candidate:1 1 udp 1 999.999.999.999 9 typ nothing',
  ];

  it('that are none do not keep two peers from connecting', async () => {
    const { server } = await startTestServer({ maxMessageBurst: 1_000 });
    const platform = lying({
      sent(text) {
        // Numbered frames are sent once each; the garbage goes unnumbered, as a plain client's would.
        const frame = /"type":"candidate"/.test(text) ? JSON.parse(text) : undefined;
        const epoch = Array.isArray(frame) ? frame[2]?.epoch : frame?.epoch;
        if (!frame) return [text];
        const bad = garbage.map((candidate) =>
          JSON.stringify({
            type: 'candidate',
            candidate: { candidate, sdpMid: '0', sdpMLineIndex: 0 },
            epoch,
          }),
        );
        return [...bad, text];
      },
    });
    const seen: string[] = [];
    const watching = lying({
      received(text) {
        seen.push(text);
        return text;
      },
    });
    const [a, b] = [await testPeer(server.url, {}, platform), await testPeer(server.url, {}, watching)];
    const errors = recorded(b, 'error');
    await open(a, b);
    const received = event(b, 'message');
    await a.send('still');
    expect(await received).toBe('still');
    expect(errors).toEqual([]);
    expect(seen.some((text) => text.includes('no.such.host.invalid'))).toBe(true);
  });
});

describe('a message of 16 MB', () => {
  it('ends the pairing with a typed error, and the next one is as good as ever', async () => {
    const { server } = await startTestServer();
    const platform = lying({
      received: (text) => text.replace('max-message-size:65536', 'max-message-size:33554432'),
    });
    const a = await testPeer(server.url, {}, platform);
    const b = await testPeer(server.url);
    await open(a, b);
    const [error, gone] = [event(b, 'error'), event(b, 'peer_disconnected')];
    const sending = a.send(new Uint8Array(16 * 1024 * 1024)).catch(() => {});
    expect(await error).toMatchObject({ code: 'message_too_large' });
    await gone;
    await inState(a, 'unpaired');
    await sending;
    const c = await testPeer(server.url);
    await open(c, b);
    const received = event(c, 'message');
    await b.send('hello');
    expect(await received).toBe('hello');
  });
});
