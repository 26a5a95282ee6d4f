/**
 * Many clients that read nothing, each flooded by its peer: the peers are told, and nobody else is held up. A hundred
 * in the suite; SLOW_READERS=1000 runs a thousand, which takes half a minute.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { RawClient } from '../support/clients/raw-client.ts';
import { collectGarbage } from '../support/collect-garbage.ts';
import { startTestServer } from '../support/servers/test-server.ts';

const READERS = Number(process.env.SLOW_READERS ?? 100);
const FLOODERS_AT_ONCE = 50;
const MAX_UNSENT_BYTES = 64 * 1024;
/** What the flooding clients take, however many readers there are. */
const BASE_BYTES = 128 * 1024 * 1024;

/** Completes the handshake, reads its id, and then stops reading. */
async function connectDeaf(port: number): Promise<{ id: string; socket: Socket }> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write(
    'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
  );
  let input = '';
  for (let id: string | undefined; ; ) {
    input += String((await once(socket, 'data'))[0]);
    id = /"id":"([^"]+)"/.exec(input)?.[1];
    if (!id) continue;
    socket.pause();
    return { id, socket };
  }
}

describe(`${READERS} clients that do not read`, () => {
  it('are sent no more at 64 KiB unsent, and are kept, with at most eight times that of memory each, and others are served meanwhile', async () => {
    const { server, connectPair, log } = await startTestServer({
      maxUnsentBytes: MAX_UNSENT_BYTES,
      maxMessagesPerSecond: 0,
      maxMessagesPerAddress: 0,
      maxBytesPerSecond: 0,
      maxConnectionsPerAddress: 0,
      maxUpgradesPerSecond: 0,
      logLevel: 'warn',
    });
    const [a, b] = await connectPair();
    const deaf: { id: string; socket: Socket }[] = [];
    for (let made = 0; made < READERS; made += 1) deaf.push(await connectDeaf(server.port));
    collectGarbage();
    const rssBefore = process.memoryUsage.rss();
    const offer = JSON.stringify({ type: 'offer', sdp: 'x'.repeat(60_000) });
    let next = 0;
    let served = 0;
    const flood = async () => {
      for (let reader = deaf[next++]; reader; reader = deaf[next++]) {
        const flooder = await RawClient.connect(server.url);
        flooder.send({ type: 'pair_request', target_id: reader.id });
        await flooder.next('paired');
        while (!flooder.inbox.some((message) => message.code === 'peer_slow')) {
          flooder.send(offer);
          await flooder.settled();
          served += 1;
          a.send({ type: 'candidate', candidate: null, number: served });
        }
        flooder.socket.terminate();
      }
    };
    await Promise.all(Array.from({ length: FLOODERS_AT_ONCE }, flood));
    for (let number = 1; number <= served; number += 1)
      expect((await b.next('candidate')).number).toBe(number);
    expect(server.parts.metrics.refused.get('peer_slow')).toBe(READERS);
    expect(log.filter(({ msg }) => msg.endsWith('does not read what it is sent'))).toEqual([]);
    for (const { id } of deaf) expect(server.parts.sessions.get(id)?.client.isOnline).toBe(true);
    // Garbage left by the flooding clients' and the server's messages is not memory held for a client.
    collectGarbage();
    expect(process.memoryUsage.rss() - rssBefore).toBeLessThan(BASE_BYTES + READERS * 8 * MAX_UNSENT_BYTES);
    for (const { socket } of deaf) socket.destroy();
  });
});
