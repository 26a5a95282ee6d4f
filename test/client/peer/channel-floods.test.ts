/** A peer that opens channels, or begins messages, without end: only the pairing with it ends, by a typed error. */
import { describe, expect, it } from '@jest/globals';
import { RTCPeerConnection } from 'werift';
import type { Peer } from '../../../src/client/index.ts';
import { event, inState, open, recorded, testPeer } from '../../support/peers/werift-peers.ts';
import { startTestServer } from '../../support/servers/test-server.ts';

/** What is used of werift's SCTP association, beyond its typings. */
interface Association {
  localTsn: number;
  sendChunk(chunk: { readonly bytes: Buffer }): Promise<void>;
}

/** Connects a peer to ours. @returns its engine, which keeps to no rule of ours once the test calls it itself */
async function connectEngine(url: string, peer: Peer): Promise<RTCPeerConnection> {
  const { prototype } = RTCPeerConnection;
  const { createDataChannel } = prototype;
  const engines: RTCPeerConnection[] = [];
  prototype.createDataChannel = function (this: RTCPeerConnection, ...args) {
    engines.push(this);
    return createDataChannel.apply(this, args);
  };
  try {
    await open(await testPeer(url), peer);
  } finally {
    prototype.createDataChannel = createDataChannel;
  }
  const [engine] = engines;
  if (!engine) throw new Error('the initiator made no channel');
  return engine;
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A DATA chunk (RFC 9260 section 3.3.1). */
function dataChunk(tsn: number, stream: number, flags: number, data: Buffer): { bytes: Buffer } {
  const head = Buffer.alloc(16);
  head.writeUInt8(flags, 1);
  head.writeUInt16BE(16 + data.length, 2);
  head.writeUInt32BE(tsn, 4);
  head.writeUInt16BE(stream, 8);
  head.writeUInt32BE(53, 12);
  return { bytes: Buffer.concat([head, data, Buffer.alloc((4 - (data.length % 4)) % 4)]) };
}

const [UNORDERED, FIRST] = [4, 2];

describe('a peer that opens channels without end', () => {
  it('is left after 64 that were not agreed, and another peer is as good as ever', async () => {
    const { server } = await startTestServer();
    const peer = await testPeer(server.url);
    const errors = recorded(peer, 'error');
    const gone = event(peer, 'peer_disconnected');
    const rtc = await connectEngine(server.url, peer);
    const label = 'x'.repeat(1_000);
    for (let n = 0; n < 1_000 && peer.state !== 'unpaired'; n += 1) {
      rtc.createDataChannel(`${label}${n}`);
      if (n % 10 === 0) await turn();
    }
    await gone;
    expect(new Set((errors as { code: string }[]).map(({ code }) => code))).toEqual(
      new Set(['unexpected_channel']),
    );
    expect(errors.length).toBeLessThanOrEqual(65);
    await inState(peer, 'unpaired');
    const friend = await testPeer(server.url);
    await open(friend, peer);
  });
});

describe('a peer that begins messages and ends none', () => {
  it.each<[string, (n: number) => [stream: number, flags: number, bytes: number]]>([
    ['on 60,000 streams', (n) => [n % 60_000, FIRST, 1_100]],
    ['without their beginnings', () => [0, UNORDERED, 1_100]],
    ['of a byte each', (n) => [n % 60_000, FIRST, 1]],
  ])('%s is left before they take much memory', async (_how, chunkOf) => {
    const { server } = await startTestServer();
    const peer = await testPeer(server.url);
    const errors = recorded(peer, 'error');
    const rtc = await connectEngine(server.url, peer);
    const sctp = rtc.sctpTransport?.sctp as unknown as Association;
    let sent = 0;
    for (; sent < 60_000 && peer.state !== 'unpaired'; sent += 1) {
      const [stream, flags, bytes] = chunkOf(sent);
      await sctp.sendChunk(dataChunk(sctp.localTsn, stream, flags, Buffer.alloc(bytes)));
      sctp.localTsn = (sctp.localTsn + 1) >>> 0;
      if (sent % 20 === 0) await turn();
    }
    expect((errors as { code: string }[]).map(({ code }) => code)).toEqual(['message_too_large']);
    expect(sent).toBeLessThan(60_000);
  });
});
