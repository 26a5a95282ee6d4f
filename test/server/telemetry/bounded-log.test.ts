import { describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { boundedLog, LINES_PER_SECOND } from '../../../src/server/telemetry/bounded-log.ts';
import { FROM } from '../../../src/server/telemetry/logger.ts';
import { ManualClock } from '../../../src/testing/manual-clock.ts';
import { RoomClient } from '../../support/clients/room-client.ts';
import { startTestServer } from '../../support/servers/test-server.ts';
import { until } from '../../support/until.ts';

const ADDRESS = '192.0.2.1';

function logOf() {
  const written: string[] = [];
  const clock = new ManualClock();
  const log = boundedLog(pino({ base: null }, { write: (line) => written.push(line) }), () => clock.now());
  const lines = () => written.map((line) => JSON.parse(line) as { msg: string; more?: number });
  return { written, lines, clock, log };
}

describe('the log of what clients do', () => {
  it(`has ${LINES_PER_SECOND} lines an event, address and second, and the count of the others in the next`, () => {
    const { lines, clock, log } = logOf();
    const come = (address: string) => log.info({ event: 'session_opened', [FROM]: address }, 'It came');
    for (let times = 0; times < 1_000; times += 1) come(ADDRESS);
    expect(lines()).toHaveLength(LINES_PER_SECOND);
    come('192.0.2.2');
    log.info({ event: 'session_ended', [FROM]: ADDRESS }, 'It went');
    expect(lines().slice(LINES_PER_SECOND)).toMatchObject([{ msg: 'It came' }, { msg: 'It went' }]);
    clock.advance(1_000);
    come(ADDRESS);
    expect(lines().at(-1)).toMatchObject({
      more: 1_000 - LINES_PER_SECOND,
      msg: `It came (and ${1_000 - LINES_PER_SECOND} more like it before)`,
    });
  });

  it(`has ${LINES_PER_SECOND} warnings and errors an event and second, whomever they are for, and all else that is for no address`, () => {
    const { lines, clock, log } = logOf();
    for (let times = 0; times < 50; times += 1) {
      log.warn({ event: 'session_timed_out', [FROM]: ADDRESS }, 'silent');
      log.error({ event: 'hook_failed' }, 'failed');
      log.info({ event: 'node_linked' }, 'linked');
    }
    expect(lines()).toHaveLength(2 * LINES_PER_SECOND + 50);
    clock.advance(1_000);
    log.error({ event: 'hook_failed' }, 'failed');
    expect(lines().at(-1)).toMatchObject({ more: 50 - LINES_PER_SECOND });
  });

  it('tells the kinds of an event apart, and adds to what was left out before it', () => {
    const { lines, log } = logOf();
    for (let times = 0; times < LINES_PER_SECOND; times += 1)
      log.warn({ event: 'refused', kind: 'rate', [FROM]: ADDRESS }, 'Too fast');
    log.warn({ event: 'refused', kind: 'size', more: 7, [FROM]: ADDRESS }, 'Too large');
    expect(lines().at(-1)).toMatchObject({ msg: 'Too large', more: 7 });
  });

  it('is bounded once, whoever bounds it', () => {
    const { log, clock } = logOf();
    expect(boundedLog(log, () => clock.now())).toBe(log);
  });

  it('never names the address', () => {
    const { written, log } = logOf();
    for (const level of ['debug', 'info', 'warn', 'error'] as const)
      log[level]({ event: 'session_opened', id: 'a', [FROM]: ADDRESS }, 'It came');
    expect(written).toHaveLength(3);
    expect(written.join('')).not.toContain(ADDRESS);
  });

  it('has 10 lines an event of 30 clients of one address that come and go within a second', async () => {
    const { server, connect, log } = await startTestServer({ logLevel: 'info' });
    for (let times = 0; times < 30; times += 1) await (await connect()).close();
    await until(() => server.parts.sessions.size === 0);
    const counts = ['session_opened', 'session_ended'].map(
      (event) => log.filter((line) => line.event === event).length,
    );
    expect(counts).toEqual([LINES_PER_SECOND, LINES_PER_SECOND]);
  });

  it('has 10 lines an event of 13 players of one address who join, signal, pair and leave within a second', async () => {
    const { server, log } = await startTestServer({ rooms: true, logLevel: 'info' });
    const url = `http://127.0.0.1:${server.port}`;
    const players = await Promise.all(Array.from({ length: 13 }, () => RoomClient.connect(url)));
    for (const [id, player] of players.entries()) await player.join('g', id);
    for (const player of players.slice(1)) player.signal('g', 0, 'offer', 'x');
    for (const player of players) await player.ask('leave_game');
    const counts = ['player_joined', 'pairing_formed', 'player_left'].map(
      (event) => log.filter((line) => line.event === event).length,
    );
    expect(counts).toEqual([LINES_PER_SECOND, LINES_PER_SECOND, LINES_PER_SECOND]);
  });

  it('has 10 lines of a room that misses 18 edges, and of 12 rooms that end', async () => {
    const { connect, clock, log } = await startTestServer({
      ...{ logLevel: 'info', maxRoomsPerClient: 0, pingIntervalMs: 0, maxMessagesPerSecond: 0 },
    });
    // Each may have one peer, and the room wants all of them paired.
    const members = await Promise.all(Array.from({ length: 7 }, () => connect(1)));
    for (const member of members) {
      member.send({ type: 'join_room', room: 'r', create: {} });
      await member.settled();
    }
    expect(log.filter(({ event }) => event === 'edge_missing')).toHaveLength(LINES_PER_SECOND);
    const [one] = members;
    for (let name = 0; name < 12; name += 1) {
      one?.send({ type: 'join_room', room: `room ${name}`, create: {} });
      one?.send({ type: 'leave_room', room: `room ${name}` });
    }
    await one?.settled();
    clock.advance(10_000);
    expect(log.filter(({ event }) => event === 'room_ended')).toHaveLength(LINES_PER_SECOND);
  });

  it('has 10 lines of a hook that fails for 30 clients within a second', async () => {
    const { connect, log } = await startTestServer({
      logLevel: 'info',
      onSession: () => {
        throw new Error('no');
      },
    });
    for (let times = 0; times < 30; times += 1) await connect();
    expect(log.filter(({ event }) => event === 'hook_failed')).toHaveLength(LINES_PER_SECOND);
  });
});
