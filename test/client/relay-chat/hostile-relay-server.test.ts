/** What a relay server may have its chat client keep. */
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import {
  RelayChatConnection,
  type RelayChatEvent,
} from '../../../src/client/relay-chat/relay-chat-client.ts';
import {
  encodeRelayMessage,
  MAX_INFO_BYTES,
  type RelayMessage,
} from '../../../src/protocol/relay-chat/index.ts';

/** A client whose server the test plays. */
function connected() {
  const socket = Object.assign(new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() }), {
    setNoDelay: () => {},
  });
  const events: RelayChatEvent[] = [];
  const identity = { id: 1, name: 'Ann', info: '' };
  const client = new RelayChatConnection(socket as unknown as Socket, identity, (event) =>
    events.push(event),
  );
  const closed = new Promise((resolve) => socket.on('close', resolve));
  /** The server sends one message after the other until the client leaves it; at most so many. */
  const flood = async (message: (n: number) => RelayMessage, most: number) => {
    for (let n = 0; n < most && !socket.destroyed; n += 1) {
      socket.push(encodeRelayMessage(message(n)));
      if (n % 64 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { client, events, closed, flood, socket };
}

const registration = (sourceId: number, info: string): RelayMessage => ({
  ...{ type: 'client_registration', sourceId, lastHopId: 0, name: 'x', info },
});

describe('a relay server that names clients without end', () => {
  it.each([
    ['100,000 of them', '', 100_000, 110_000],
    ['64 MiB of what they say of themselves', 'i'.repeat(MAX_INFO_BYTES), 1_024, 2_000],
  ])('is left at %s, and the user told why', async (_what, info, kept, most) => {
    const { client, events, closed, flood } = connected();
    await flood((n) => registration(n + 2, info), most);
    await closed;
    expect(events.filter(({ type }) => type === 'joined').length).toBe(kept);
    expect(client.others.size).toBeLessThanOrEqual(kept + 1);
    expect(events.at(-1)).toEqual({
      type: 'closed',
      reason: 'the relay server named more clients than a network can have',
    });
  });

  it('may name one again and again, and let them come and go', async () => {
    const { client, flood, socket } = connected();
    const info = 'i'.repeat(MAX_INFO_BYTES);
    await flood((n) => registration(2 + (n % 2), info), 2_000);
    await flood(
      (n) => (n % 2 === 0 ? registration(9, info) : { type: 'client_quit', sourceId: 9, content: '' }),
      2_000,
    );
    expect([client.others.size, socket.destroyed]).toEqual([2, false]);
  });
});
