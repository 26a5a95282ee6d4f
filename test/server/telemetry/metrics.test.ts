import { spawnSync } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';
import { startTestServer } from '../../support/servers/test-server.ts';
import { until } from '../../support/until.ts';

async function scrape(url: string): Promise<string> {
  const response = await fetch(`${url.replace('ws:', 'http:')}metrics`);
  expect([response.status, response.headers.get('content-type')]).toEqual([
    200,
    'text/plain; version=0.0.4; charset=utf-8',
  ]);
  return response.text();
}

/** What `promtool check metrics` finds. */
function lint(text: string): { status: number | null; said: string } {
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
    input: text,
    encoding: 'utf8',
  });
  return { status, said: stdout + stderr };
}

describe('GET /metrics', () => {
  it('tells sessions and pairings by state, transitions, messages, refusals, bytes, delay and memory', async () => {
    const { server, connect, connectPair } = await startTestServer();
    const [a, b] = await connectPair();
    const lone = await connect();
    a.send({ type: 'offer', sdp: 'x' });
    await b.next('offer');
    lone.send({ type: 'offer', sdp: 'x' });
    await lone.next('error');
    const text = await scrape(server.url);
    for (const line of [
      'pairlane_sessions{state="present.pairings.unpaired present.request.idle present.token.unlimited present.socket.online.heard"} 1',
      'pairlane_sessions{state="present.pairings.negotiating present.request.idle present.token.unlimited present.socket.online.heard"} 2',
      'pairlane_pairings{state="negotiating.offered"} 1',
      'pairlane_transitions_total{machine="pairing",from="paired",event="OFFER_RECEIVED",to="negotiating"} 1',
      'pairlane_messages_received_total{type="pair_request"} 1',
      'pairlane_messages_received_total{type="offer"} 2',
      'pairlane_refusals_total{kind="not_paired"} 1',
    ]) {
      expect(text.split('\n')).toContain(line);
    }
    expect(text).toMatch(/pairlane_bytes_total\{direction="received"\} \d{2,}/);
    expect(text).toMatch(/pairlane_bytes_total\{direction="sent"\} \d{3,}/);
    expect(text).toMatch(/pairlane_event_loop_delay_seconds\{percentile="99"\} \d/);
    expect(text).toMatch(/pairlane_memory_bytes\{kind="rss"\} \d{7,}/);
  });

  it("has nothing that Prometheus's own linter objects to, with traffic of clients and of game rooms", async () => {
    const { server, connect, connectPair } = await startTestServer({ rooms: true });
    const [a, b] = await connectPair();
    a.send({ type: 'offer', sdp: 'x' });
    await b.next('offer');
    const lone = await connect();
    lone.send({ type: 'offer', sdp: 'x' });
    await lone.next('error');
    const text = await scrape(server.url);
    expect(lint(text)).toEqual({ status: 0, said: '' });
    expect(lint(text.replace(/^# HELP pairlane_sessions .*\n/m, '')).said).toContain(
      'pairlane_sessions no help text',
    );
  });

  it('has no more series, whatever strangers send', async () => {
    const { server, clock, connect } = await startTestServer();
    const [lone, other] = [await connect(), await connect()];
    const series = async () => {
      clock.advance(1_000);
      const text = await scrape(server.url);
      return new Set([...text.matchAll(/^(pairlane_\w+\{[^}]*\})/gm)].map(([, name]) => name));
    };
    const send = async (from: number) => {
      for (let n = from; n < from + 20; n += 1) {
        lone.send({ type: `type_${n}` });
        lone.send({ type: 'pair_request', target_id: `id_${n}` });
        lone.send({ type: 'join_room', room: `room_${n}` });
        other.send({ type: 'join_room', room: `other_${n % 4}`, create: { metadata: n } });
        await fetch(`${server.url.replace('ws:', 'http:')}path_${n}`);
        await Promise.all([lone.settled(), other.settled()]);
      }
    };
    await send(0);
    const before = await series();
    await send(1_000);
    expect([...(await series())].filter((one) => !before.has(one))).toEqual([]);
    expect(before.size).toBeGreaterThan(100);
  });

  it('counts a transition that stays where it is from there to there, and of any state from `any`', async () => {
    const { server } = await startTestServer();
    const text = await scrape(server.url);
    const labels = [...text.matchAll(/^pairlane_transitions_total\{(.*)\} \d+$/gm)].map(
      ([, all]) => all as string,
    );
    expect(new Set(labels).size).toBe(labels.length);
    for (const label of labels)
      expect(label).toMatch(/^machine="[a-z-]+",from="[\w. ]+",event="[\w. -]+",to="[\w. ]+"$/);
  });

  it('names no id, address or key', async () => {
    const { server, connectPair } = await startTestServer();
    const [a, b] = await connectPair();
    a.send({ type: 'create_key' });
    const { key } = await a.next('key');
    const text = await scrape(server.url);
    for (const secret of [a.id, b.id, String(key), '127.0.0.1']) expect(text).not.toContain(secret);
  });

  it('gives no scrape the counts of the one before again', async () => {
    const { server, connectPair } = await startTestServer();
    const [a] = await connectPair();
    await a.close();
    await until(() => server.parts.pairings.size === 0);
    expect(await scrape(server.url)).toMatch(/pair_request"} 1\n/);
    const second = await scrape(server.url);
    expect(second).toMatch(/pair_request"} 1\n/);
    expect(second).not.toContain('pairlane_pairings{');
  });

  it('is rendered at most once a second for all who ask', async () => {
    const { server, clock, connect } = await startTestServer();
    const first = await scrape(server.url);
    await connect();
    clock.advance(999);
    expect(await scrape(server.url)).toBe(first);
    clock.advance(1);
    expect(await scrape(server.url)).toContain(
      'pairlane_sessions{state="present.pairings.unpaired present.request.idle present.token.unlimited present.socket.online.heard"} 1',
    );
  });
});
