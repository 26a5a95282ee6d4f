/** The limits of the game rooms are the server's, and so are its metrics. */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { RoomClient } from '../../../support/clients/room-client.ts';
import { startTestServer, type TestServer } from '../../../support/servers/test-server.ts';
import { until } from '../../../support/until.ts';

const start = (options = {}) => startTestServer({ rooms: true, ...options });
const urlOf = ({ server }: TestServer) => `http://127.0.0.1:${server.port}`;

describe('a player', () => {
  it('is closed when it says nothing for 2 s with --first-message-timeout-ms 2000, and no other', async () => {
    const server = await start({ firstMessageTimeoutMs: 2_000 });
    const one = await RoomClient.connect(urlOf(server));
    const silent = new WebSocket(`${urlOf(server)}/socket.io/?EIO=4&transport=websocket`);
    await once(silent, 'close');
    expect(await one.join('g', 1)).toEqual({ players: [1] });
    one.socket.disconnect();
    await server.connect();
    expect(server.server.parts.metrics.refused.get('first_message')).toBe(1);
  });

  it('may send 4,096 bytes a second, all at once, and again a second later', async () => {
    const server = await start({ maxBytesPerSecond: 4_096 });
    const one = await RoomClient.connect(urlOf(server));
    expect(await one.ask('join_game', { game_id: 'g', player_id: 1, more: 'x'.repeat(3_900) })).toEqual({
      players: [1],
    });
    expect(await one.ask('leave_game', { game_id: 'x'.repeat(900) })).toMatchObject({
      code: 'too_many_bytes',
    });
    server.clock.advance(1_000);
    expect(await one.join('g', 1)).toEqual({ players: [1] });
    expect(server.server.parts.metrics.refused.get('too_many_bytes')).toBe(1);
  });

  it('is counted in /metrics by state, with its transitions, requests and refusals, and by no id', async () => {
    const server = await start({ maxConnectionsPerAddress: 2, maxMessagesPerSecond: 1, maxMessageBurst: 4 });
    const [one, two] = [await RoomClient.connect(urlOf(server)), await RoomClient.connect(urlOf(server))];
    await expect(RoomClient.connect(urlOf(server))).rejects.toThrow();
    await one.join('secret-game', 'ann');
    await two.join('secret-game', 'bob');
    one.signal('secret-game', 'bob', 'offer', 'x');
    expect(await one.ask('join_game', {})).toMatchObject({ code: 'invalid_message' });
    for (let sent = 0; sent < 6; sent += 1) two.socket.emit('leave_game', { game_id: 'elsewhere' });
    await two.until(() => two.inbox.some(({ code }) => code === 'too_many_messages'), 'the refusal');
    const response = await fetch(`${urlOf(server)}/metrics`);
    const text = await response.text();
    const lines = text.split('\n');
    for (const line of [
      'pairlane_players{state="joined"} 2',
      'pairlane_pairings{state="negotiating.offered"} 1',
      'pairlane_messages_received_total{type="join_game"} 2',
      'pairlane_messages_received_total{type="webrtc_signal"} 1',
      'pairlane_refusals_total{kind="connections_per_address"} 1',
      'pairlane_refusals_total{kind="invalid_message"} 1',
      'pairlane_refusals_total{kind="too_many_messages"} 1',
      'pairlane_transitions_total{machine="pairing",from="paired",event="OFFER_RECEIVED",to="negotiating"} 1',
    ]) {
      expect(lines).toContain(line);
    }
    expect(text).toMatch(/pairlane_bytes_total\{direction="received"\} \d{2,}/);
    expect(text).toMatch(/pairlane_bytes_total\{direction="sent"\} \d{2,}/);
    expect(text).not.toMatch(/secret-game|ann|bob|elsewhere/);
  });
});

describe('how many play', () => {
  const join = async (test: TestServer, ...games: string[]) => {
    const codes = [];
    for (const game of games) {
      const player = await RoomClient.connect(urlOf(test));
      codes.push((await player.join(game, codes.length)).code ?? 'in');
    }
    return codes;
  };

  it('is at most 2 a game with --max-players-per-room 2, and any number with 0', async () => {
    const limited = await start({ maxPlayersPerRoom: 2 });
    expect(await join(limited, 'g', 'g', 'g', 'h')).toEqual(['in', 'in', 'game_full', 'in']);
    expect(await join(await start({ maxPlayersPerRoom: 0 }), 'g', 'g', 'g')).toEqual(['in', 'in', 'in']);
  });

  it('is in at most 1 game with --max-rooms 1, which is another one once that is over, and in any with 0', async () => {
    const test = await start({ maxRooms: 1 });
    const player = await RoomClient.connect(urlOf(test));
    await player.join('g', 'first');
    expect(await join(test, 'h', 'g')).toEqual(['too_many_games', 'in']);
    const { games } = test.server.parts.features.started.rooms ?? {};
    expect([...(games?.states() ?? [])].map(({ value }) => value)).toEqual(['joined', 'joined', 'outside']);
    for (const { socket } of games?.all.get('g')?.players.values() ?? []) socket.close();
    await until(() => games?.connections === 1, 'the end of both');
    expect(await join(test, 'h', 'g')).toEqual(['in', 'too_many_games']);
    expect(await join(await start({ maxRooms: 0 }), 'g', 'h')).toEqual(['in', 'in']);
  });

  it('without a place to come back to with --resume-grace-ms 0: nobody is given a token', async () => {
    const player = await RoomClient.connect(urlOf(await start({ resumeGraceMs: 0 })));
    expect(await player.ask('join_game', { game_id: 'g', player_id: 1, resume: true })).toEqual({
      players: [1],
    });
  });
});

/** A client that speaks Socket.IO's packets by hand, over polling. */
class PollingClient {
  readonly #url: string;

  private constructor(url: string) {
    this.#url = url;
  }

  static async connect(server: TestServer): Promise<PollingClient> {
    const base = `${urlOf(server)}/socket.io/?EIO=4&transport=polling`;
    const { sid } = JSON.parse((await (await fetch(base)).text()).slice(1));
    const client = new PollingClient(`${base}&sid=${sid}`);
    await client.post('40');
    expect(await client.poll()).toMatch(/^40\{"sid"/);
    return client;
  }

  async post(...packets: string[]): Promise<number> {
    const response = await fetch(this.#url, { method: 'POST', body: packets.join('\x1e') });
    await response.text();
    return response.status;
  }

  async poll(): Promise<string> {
    return (await fetch(this.#url)).text();
  }
}

describe('what is below the events', () => {
  const refusedOf = ({ server }: TestServer, kind: string) => server.parts.metrics.refused.get(kind);
  const ACKS = Array.from({ length: 1_000 }, (_, id) => `43${id}[]`);

  it('closes a client on polling that asks for another namespace, once', async () => {
    const server = await start();
    const client = await PollingClient.connect(server);
    await client.post(...new Array(400).fill('40/x,'));
    expect(await client.post('3')).toBe(400);
    expect(refusedOf(server, 'unknown_namespace')).toBe(1);
    expect(server.log.filter(({ msg }) => msg.includes('namespace'))).toHaveLength(1);
    expect(server.server.parts.features.started.rooms?.games.connections).toBe(0);
  });

  it('closes a client on polling that sends more packets than it may send messages', async () => {
    const server = await start();
    const client = await PollingClient.connect(server);
    for (let posts = 0; posts < 2; posts += 1) await client.post(...ACKS.slice(0, 300));
    expect(await client.post('3')).toBe(400);
    expect(refusedOf(server, 'flood')).toBe(1);
    expect(refusedOf(server, 'too_many_messages')).toBe(1);
  });

  it.each(['uws', 'ws'] as const)(
    'cuts off a polling request of 401 packets before it reads one, and closes its client (%s)',
    async (shell) => {
      const server = await start({ shell });
      const [client, other] = [await PollingClient.connect(server), await PollingClient.connect(server)];
      await expect(client.post(...new Array(401).fill('6'))).rejects.toThrow('fetch failed');
      expect(await client.post('3')).toBe(400);
      expect([refusedOf(server, 'flood'), refusedOf(server, 'too_many_messages')]).toEqual([1, undefined]);
      expect(await other.post(...new Array(400).fill('6'))).toBe(200);
      expect(await other.post('3')).toBe(200);
    },
  );

  it('closes a client on polling that leaves more than 64 KiB of answers with --max-unsent-bytes 65536', async () => {
    const server = await start({ maxUnsentBytes: 65_536, maxMessagesPerSecond: 0, maxBytesPerSecond: 0 });
    const client = await PollingClient.connect(server);
    for (let posts = 0; posts < 10 && (await client.post(...new Array(200).fill('421["nothing"]'))) === 200; )
      posts += 1;
    expect(await client.post('3')).toBe(400);
    expect(refusedOf(server, 'unsent_bytes')).toBe(1);
  });

  it('lets 64 KiB wait for a client on polling with --max-unsent-bytes 65536: who sends it more is told peer_slow', async () => {
    const server = await start({ maxUnsentBytes: 65_536, maxMessagesPerSecond: 0, maxBytesPerSecond: 0 });
    const slow = await PollingClient.connect(server);
    await slow.post('42["join_game",{"game_id":"g","player_id":"slow"}]');
    const fast = await RoomClient.connect(urlOf(server));
    await fast.join('g', 'fast');
    const say = async (n: number) => {
      fast.signal('g', 'slow', 'offer', `${n} ${'x'.repeat(20_000)}`);
      await fast.settled();
    };
    for (let n = 0; n < 6; n += 1) await say(n);
    expect(fast.inbox.map(({ code }) => code)).toEqual(['peer_slow', 'peer_slow', 'peer_slow']);
    const heard = await slow.poll();
    expect([...heard.matchAll(/"payload":"(\d)/g)].map(([, n]) => n)).toEqual(['0', '1', '2']);
    await say(6);
    expect(await slow.poll()).toContain('"payload":"6');
  });

  it('counts what a client on a WebSocket does not read: who sends it more is told peer_slow, and it stays', async () => {
    const server = await start({ maxUnsentBytes: 200_000, maxMessagesPerSecond: 0, maxBytesPerSecond: 0 });
    const [slow, fast] = [await RoomClient.connect(urlOf(server)), await RoomClient.connect(urlOf(server))];
    await slow.join('g', 'slow');
    await fast.join('g', 'fast');
    await slow.next('player_joined');
    // Only its own socket waits, and what the system takes for it.
    const { _socket: raw } = (slow.socket.io.engine.transport as unknown as { ws: { _socket: Socket } }).ws;
    raw.pause();
    let sent = 0;
    for (; fast.inbox.length === 0 && sent < 1_000; sent += 1) {
      fast.signal('g', 'slow', 'ice-candidate', `${sent} ${'x'.repeat(50_000)}`);
      await fast.settled();
    }
    expect(await fast.next('signal_error')).toMatchObject({ code: 'peer_slow' });
    raw.resume();
    await slow.until(() => slow.inbox.length === sent - 1, 'all that it was sent before');
    expect(refusedOf(server, 'unsent_bytes')).toBeUndefined();
    fast.signal('g', 'slow', 'ice-candidate', 'again');
    await slow.until(() => slow.inbox.at(-1)?.payload === 'again', 'the next');
  });

  it('closes a client that says that more binary parts are to come than it may send, and keeps none', async () => {
    const server = await start();
    const client = await PollingClient.connect(server);
    await client.post('451000000-["join_game",{"_placeholder":true,"num":0}]');
    expect(await client.post('3')).toBe(400);
    expect(refusedOf(server, 'binary_parts')).toBe(1);
  });

  it.each([
    ['acknowledgements', (socket: WebSocket, ack: string) => socket.send(ack)],
    ['pings', (socket: WebSocket) => socket.ping()],
    ['probes', (socket: WebSocket) => socket.send('2probe')],
  ])('closes a client on a WebSocket that floods %s, and no other', async (what, send) => {
    const server = await start();
    const one = await RoomClient.connect(urlOf(server));
    const base = `${urlOf(server)}/socket.io/?EIO=4&transport=`;
    const sid =
      what === 'probes' ? JSON.parse((await (await fetch(`${base}polling`)).text()).slice(1)).sid : '';
    const socket = new WebSocket(`${base}websocket${sid && `&sid=${sid}`}`);
    await once(socket, 'open');
    if (!sid) socket.send('40');
    for (const ack of ACKS) send(socket, ack);
    const [code] = await once(socket, 'close');
    expect([1005, 1006, 1008]).toContain(code);
    expect(await one.join('g', 1)).toEqual({ players: [1] });
    expect(refusedOf(server, 'flood')).toBe(1);
  });
});
