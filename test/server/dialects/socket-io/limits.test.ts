/** The limits of the game rooms are the server's, and so are its metrics. */
import { once } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { RoomClient } from '../../../support/clients/room-client.ts';
import { startTestServer, type TestServer } from '../../../support/servers/test-server.ts';

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

  it('may send 1,024 bytes a second after 4,096 at once, and again a second later', async () => {
    const server = await start({ maxBytesPerSecond: 1_024 });
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
      'pairlane_transitions_total{transition="pairing.paired --OFFER_RECEIVED#0--> pairing.negotiating"} 1',
    ]) {
      expect(lines).toContain(line);
    }
    expect(text).toMatch(/pairlane_bytes_total\{direction="received"\} \d{2,}/);
    expect(text).toMatch(/pairlane_bytes_total\{direction="sent"\} \d{2,}/);
    expect(text).not.toMatch(/secret-game|ann|bob|elsewhere/);
  });
});
