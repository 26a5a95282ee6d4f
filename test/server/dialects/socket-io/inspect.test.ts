/** Game rooms in the inspector: which pairings it lists, what it records of them, and what it never shows. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { diagnose } from '../../../../src/inspector/records/diagnose-pairing.ts';
import { parseRecord } from '../../../../src/inspector/records/record.ts';
import { replay } from '../../../../src/inspector/records/replay.ts';
import { sequenceOf } from '../../../../src/inspector/records/sequence-diagram.ts';
import { isStep, type PairingRecord } from '../../../../src/protocol/index.ts';
import { RoomClient } from '../../../support/clients/room-client.ts';
import { hostCandidate, SECRETS, sdp } from '../../../support/clients/signal-fixtures.ts';
import { openFeed } from '../../../support/inspect-feed.ts';
import { startTestServer, type TestServer } from '../../../support/servers/test-server.ts';
import { until } from '../../../support/until.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

const start = (options = {}) => startTestServer({ rooms: true, ...options });

async function enter({ server }: TestServer, game: unknown, id: unknown): Promise<RoomClient> {
  const client = await RoomClient.connect(`http://127.0.0.1:${server.port}`);
  expect(await client.join(game, id)).toHaveProperty('players');
  return client;
}

/** Two players of a game, the first of whom has offered and sent a candidate, and the second answered. */
async function negotiate(testServer: TestServer, game: unknown = 'chess', ids: [unknown, unknown] = [1, 2]) {
  const one = await enter(testServer, game, ids[0]);
  const two = await enter(testServer, game, ids[1]);
  one.signal(game, ids[1], 'offer', { type: 'offer', sdp });
  one.signal(game, ids[1], 'ice-candidate', { candidate: hostCandidate, sdpMid: '0', sdpMLineIndex: 0 });
  await one.settled();
  two.signal(game, ids[0], 'answer', { type: 'answer', sdp });
  await two.settled();
  return [one, two] as const;
}

const stepsOf = ({ lines }: PairingRecord) =>
  lines.filter(isStep).map(({ of, event }) => `${of} ${event.type}`);

describe('the list', () => {
  it("has a game's pairings among the native ones, in the order in which they began, with their game", async () => {
    const testServer = await start();
    const feed = await openFeed(testServer.server);
    expect((await feed.next('hello')).machines).toEqual(['session', 'pairing']);
    const [a] = await testServer.connectPair();
    testServer.clock.advance(10);
    await negotiate(testServer);
    testServer.clock.advance(10);
    const [c] = await testServer.connectPair();
    const { rows, total } = await feed.list({ of: 'pairing' });
    expect(total).toBe(3);
    expect(rows).toMatchObject([
      { id: a.id },
      { known_as: '1', peer_known_as: '2', game: 'chess', dialect: 'socket-io' },
      { id: c.id },
    ]);
    expect(rows.map(({ game }) => game)).toEqual([undefined, 'chess', undefined]);
  });

  it('finds a pairing by a player, by its game, and by a game alone; in any case of letters', async () => {
    const testServer = await start();
    const feed = await openFeed(testServer.server);
    await negotiate(testServer, 'Chess', ['Anna', 'Bert']);
    await negotiate(testServer, 'go', ['Anna', 'chessie']);
    await testServer.connectPair();
    const found = async (request: { query?: string; game?: string }) =>
      (await feed.list({ of: 'pairing', ...request })).rows.map(
        ({ known_as, peer_known_as }) => `${known_as} ${peer_known_as}`,
      );
    expect(await found({ query: 'bert' })).toEqual(['Anna Bert']);
    expect(await found({ query: 'CHESS' })).toEqual(['Anna Bert', 'Anna chessie']);
    expect(await found({ game: 'chess' })).toEqual(['Anna Bert']);
    expect(await found({ game: 'go', query: 'anna' })).toEqual(['Anna chessie']);
    expect(await found({ game: 'poker' })).toEqual([]);
  });

  it('has players among the sessions, with their game, and finds them by it; who is in no game has none', async () => {
    const testServer = await start();
    const feed = await openFeed(testServer.server);
    await enter(testServer, 'chess', 1);
    const outside = await RoomClient.connect(`http://127.0.0.1:${testServer.server.port}`);
    await outside.settled();
    await enter(testServer, 'go', 2);
    const found = [{ of: 'session', game: 'chess' } as const, { of: 'session', query: 'chess' } as const];
    for (const request of found)
      expect((await feed.list(request)).rows).toMatchObject([
        { known_as: '1', game: 'chess', dialect: 'socket-io' },
      ]);
    expect((await feed.list({ of: 'session' })).total).toBe(2);
  });

  it('keeps a pairing that is over under the ids that its players had in the game', async () => {
    const testServer = await start();
    const feed = await openFeed(testServer.server);
    await feed.next('hello');
    const [one] = await negotiate(testServer);
    await one.ask('leave_game');
    expect((await feed.list({ of: 'pairing' })).rows).toMatchObject([
      { known_as: '1', peer_known_as: '2', game: 'chess', state: 'disconnected' },
    ]);
  });
});

describe('the record of a pairing in a game', () => {
  it('has its game, every signal, and how its players came to be where they are', async () => {
    const testServer = await start();
    const feed = await openFeed(testServer.server);
    await feed.next('hello');
    const [one] = await negotiate(testServer);
    await one.ask('leave_game');
    const [{ epoch = 0 } = {}] = (await feed.list({ of: 'pairing' })).rows;
    const record = await feed.record(epoch);
    expect(record.header).toMatchObject({
      dialect: 'socket-io',
      game: 'chess',
      initiator_known_as: '1',
      responder_known_as: '2',
    });
    expect(stepsOf(record)).toEqual([
      'pairing xstate.init',
      'pairing FORMED',
      'initiator PAIRED',
      'responder PAIRED',
      'pairing OFFER_RECEIVED',
      'initiator NEGOTIATION_STARTED',
      'responder NEGOTIATION_STARTED',
      'pairing CANDIDATE_RECEIVED',
      'pairing ANSWER_RECEIVED',
      'pairing PEER_LOST',
      'initiator UNPAIRED',
      'responder UNPAIRED',
    ]);
    expect(record.lines.at(-1)).toMatchObject({ end: 'over' });
    expect(diagnose(record).map(({ text }) => text)).toEqual([
      'Offer and answer were exchanged. Players do not report whether they connected: A offered host and mDNS host candidates, B offered host and mDNS host candidates.',
      'A left the game.',
    ]);
    const arrows = sequenceOf(record).flatMap((row) =>
      row.arrows.map(({ from, to, text }) => `${from} ${to} ${text}`),
    );
    expect(arrows).toContain('initiator server candidate · host udp');
    expect(arrows).toContain('server responder candidate · host udp');
    expect(arrows.at(-1)).toBe('server responder player_left');
  });

  it('goes on in every pairing of a player, and ends in those alone that it was in', async () => {
    const testServer = await start();
    const feed = await openFeed(testServer.server);
    await feed.next('hello');
    const [one, two] = await negotiate(testServer);
    const three = await enter(testServer, 'chess', 3);
    one.signal('chess', 3, 'offer', { type: 'offer', sdp });
    await one.settled();
    two.signal('chess', 3, 'offer', { type: 'offer', sdp });
    await two.settled();
    one.socket.disconnect();
    await three.until(() => three.inbox.some(({ name }) => name === 'player_left'), 'player_left');
    const { rows } = await feed.list({ of: 'pairing' });
    const ends = new Map<string, unknown>();
    for (const { known_as, peer_known_as, epoch = 0 } of rows) {
      const record = await feed.record(epoch);
      ends.set(`${known_as} ${peer_known_as}`, [
        stepsOf(record).filter((step) => step.endsWith('SOCKET_CLOSED')),
        record.lines.at(-1),
      ]);
      if (known_as === '1') expect(diagnose(record).at(-1)?.text).toBe('A lost its socket.');
    }
    const over = [['initiator SOCKET_CLOSED'], expect.objectContaining({ end: 'over' })];
    expect(ends.get('1 2')).toEqual(over);
    expect(ends.get('1 3')).toEqual(over);
    expect(ends.get('2 3')).toEqual([[], expect.objectContaining({ event: expect.anything() })]);
  });

  it('is written by --record without SDP, address or credential, and the machines replay it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pairlane-records-'));
    folders.push(folder);
    const testServer = await start({ record: folder });
    const [one, two] = await negotiate(testServer);
    one.signal('chess', 2, 'ice-candidate', hostCandidate);
    one.signal('chess', 2, 'ice-candidate', { candidate: { candidate: hostCandidate } });
    one.signal('chess', 2, 'offer', sdp);
    one.signal('chess', 2, 'offer', { sdp: { sdp, note: SECRETS.address }, more: [SECRETS.address] });
    await one.settled();
    two.signal('chess', 1, 'ice-candidate', null);
    await two.ask('leave_game');
    await testServer.server.stop();
    const [file] = readdirSync(folder);
    const text = readFileSync(join(folder, file as string), 'utf8');
    for (const secret of [...Object.values(SECRETS), 'm=application']) expect(text).not.toContain(secret);
    const record = parseRecord(text);
    expect(replay(record)).toMatchObject({
      steps: record.lines.filter(isStep).length,
      changedMachines: [],
      parting: undefined,
    });
    expect(record.lines.filter(isStep).flatMap(({ message }) => message?.candidate?.kind ?? [])).toEqual([
      'host',
      'host',
      'host',
      'end',
    ]);
  });

  it.each([
    ['while nobody looks', async () => {}],
    [
      '10 s after the last page left',
      async ({ server, clock }: TestServer) => {
        const feed = await openFeed(server);
        await feed.next('hello');
        feed.socket.close();
        await until(() => server.parts.inspector.viewerCount === 0);
        clock.advance(11_000);
      },
    ],
  ])('is not kept %s: whoever opens it sees it from then on', async (_when, before) => {
    const testServer = await start();
    await before(testServer);
    const [one] = await negotiate(testServer);
    const feed = await openFeed(testServer.server);
    await feed.next('hello');
    const [{ epoch = 0 } = {}] = (await feed.list({ of: 'pairing' })).rows;
    const record = await feed.record(epoch);
    expect([stepsOf(record), record.header.game]).toEqual([[], 'chess']);
    one.signal('chess', 2, 'ice-candidate', null);
    await one.settled();
    expect(stepsOf(await feed.record(epoch))).toEqual(['pairing CANDIDATE_RECEIVED']);
  });
});
