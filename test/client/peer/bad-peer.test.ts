/** A peer that sends what it must not, over signaling and over WebRTC: only the pairing with it ends, by a typed error. */
import { describe, expect, it } from '@jest/globals';
import { nodePlatform } from '../../../src/client/index.ts';
import type { Platform } from '../../../src/client/peer/platform.ts';
import type { DataChannel, IceCandidate } from '../../../src/client/rtc/types.ts';
import { ScriptedServer } from '../../support/clients/scripted-server.ts';
import { SDP } from '../../support/peers/fake-rtc.ts';
import { event, inState, open, recorded, testPeer } from '../../support/peers/werift-peers.ts';
import { startTestServer } from '../../support/servers/test-server.ts';

/** Node's platform, for a peer that is told something else than was said. */
function deceived(received: (text: string) => string): Platform {
  return {
    ...nodePlatform,
    openSocket: (url, handlers) =>
      nodePlatform.openSocket(url, {
        ...handlers,
        received: (data) => handlers.received(received(String(data))),
      }),
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
    // Some of them leave a connection that merely never comes up.
    const peer = await testPeer(server.url, { timeouts: { checkingMs: 400 }, maxRestarts: 0 });
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
    // Whatever its connection finds, this peer finds all of that before.
    const platform: Platform = {
      ...nodePlatform,
      createConnection(config) {
        const rtc = nodePlatform.createConnection(config);
        let handler: typeof rtc.onicecandidate = null;
        Object.defineProperty(rtc, 'onicecandidate', {
          get: () => (found: { candidate: IceCandidate | null }) => {
            for (const candidate of garbage)
              handler?.({ candidate: { candidate, sdpMid: '0', sdpMLineIndex: 0 } });
            handler?.(found);
          },
          set: (set) => {
            handler = set;
          },
        });
        return rtc;
      },
    };
    const seen: string[] = [];
    const watching = deceived((text) => {
      seen.push(text);
      return text;
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
    const platform = deceived((text) => text.replace('max-message-size:65536', 'max-message-size:33554432'));
    // Our own `send` would not take it: it goes into the channel as it is.
    const channels: DataChannel[] = [];
    const createConnection: Platform['createConnection'] = (config) => {
      const rtc = platform.createConnection(config);
      const createDataChannel = rtc.createDataChannel.bind(rtc);
      rtc.createDataChannel = (...args) => {
        const channel = createDataChannel(...args);
        channels.push(channel);
        return channel;
      };
      return rtc;
    };
    const a = await testPeer(server.url, {}, { ...platform, createConnection });
    const b = await testPeer(server.url);
    await open(a, b);
    const [error, gone] = [event(b, 'error'), event(b, 'peer_disconnected')];
    channels[0]?.send(new Uint8Array(16 * 1024 * 1024));
    expect(await error).toMatchObject({ code: 'message_too_large' });
    await gone;
    await inState(a, 'unpaired');
    const c = await testPeer(server.url);
    await open(c, b);
    const received = event(c, 'message');
    await b.send('hello');
    expect(await received).toBe('hello');
  });
});
