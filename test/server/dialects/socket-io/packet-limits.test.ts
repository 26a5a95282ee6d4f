/** What a Socket.IO client may leave unread, and may send, to the byte and the packet: its connection is the test's own. */
import { EventEmitter } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { limitFrames, limitPackets } from '../../../../src/server/dialects/socket-io/packet-limits.ts';

const RATE = { maxMessagesPerSecond: 1, maxMessageBurst: 3, maxBytesPerSecond: 0 };
/** Memory that a waiting packet takes besides its bytes. */
const PACKET = 100;

function limited({ maxUnsentBytes = 1_000, name = 'polling', buffered = 0 as number | undefined } = {}) {
  const [counted, warned, sent, closed]: [string[], unknown[], number[], boolean[]] = [[], [], [], []];
  const connection = Object.assign(new EventEmitter(), {
    close: (discard: boolean) => closed.push(discard),
    transport: {
      name,
      socket: {
        getBufferedAmount: () => {
          if (buffered === undefined) throw new Error('it is closed');
          return buffered;
        },
      },
    },
  });
  const waiting: number[] = [];
  const deps = {
    options: { ...RATE, maxUnsentBytes },
    now: () => 0,
    refusals: { warn: (...line: unknown[]) => warned.push(line) },
    refused: (kind: string) => counted.push(kind),
    sent: (bytes: number) => sent.push(bytes),
    waiting: { added: (bytes: number) => waiting.push(bytes), addSource() {} },
  };
  const limits = limitPackets(connection as never, 'somewhere', deps as never);
  return {
    ...{ limits, counted, warned, sent, closed, waiting, deps },
    create: (data?: string) => connection.emit('packetCreate', { data }),
    receive: (type: string, data?: string) => connection.emit('packet', { type, data }),
    drain: () => connection.emit('drain'),
  };
}

describe('a client of game rooms', () => {
  it('may leave unread as much as may be, and is closed, counted and logged for a byte more', () => {
    const { limits, create, closed, counted, warned, sent, waiting } = limited();
    create();
    create('x'.repeat(1_000 - 2 * PACKET));
    expect([limits.waitingBytes, closed, sent]).toEqual([1_000, [], [0, 800]]);
    expect(waiting).toEqual([PACKET, 800 + PACKET]);
    create('');
    expect([closed, counted, limits.isEnded]).toEqual([[true], ['unsent_bytes'], true]);
    expect(warned).toEqual([
      ['unsent_bytes', 'somewhere', 'Closed a Socket.IO client that does not read what it is sent'],
    ]);
    // It has nothing waiting from then on, and is closed once.
    create('x'.repeat(2_000));
    limits.shedWaiting();
    expect([closed, limits.waitingBytes]).toEqual([[true], 0]);
  });

  it('may leave unread anything where there is no limit', () => {
    const { limits, create, closed } = limited({ maxUnsentBytes: 0 });
    create('x'.repeat(100_000));
    expect([closed, limits.hasRoomFor(2 ** 40)]).toEqual([[], true]);
  });

  it('has room for a message of any size when it has read all, and for others up to the limit', () => {
    const { limits, create, drain } = limited();
    expect(limits.hasRoomFor(10_000)).toBe(true);
    create('x'.repeat(300));
    const left = 1_000 - 300 - 2 * PACKET;
    expect([left, left + 1].map((bytes) => limits.hasRoomFor(bytes))).toEqual([true, false]);
    drain();
    expect([limits.waitingBytes, limits.hasRoomFor(10_000)]).toEqual([0, true]);
  });

  it('has waiting what its WebSocket has not sent, too', () => {
    expect(limited({ name: 'websocket', buffered: 70 }).limits.waitingBytes).toBe(70);
    expect(limited({ name: 'websocket', buffered: undefined }).limits.waitingBytes).toBe(0);
    expect(limited({ name: 'polling', buffered: 70 }).limits.waitingBytes).toBe(0);
  });

  it('is closed for what waits for it where all wait for too much, and not where nothing does', () => {
    const { limits, create, closed, counted } = limited();
    limits.shedWaiting();
    expect(closed).toEqual([]);
    create('');
    limits.shedWaiting();
    expect([closed, counted]).toEqual([[true], ['unsent_bytes']]);
    const least = limited({ name: 'websocket', buffered: 1 });
    least.limits.shedWaiting();
    expect(least.closed).toEqual([true]);
  });

  it('is closed for a message of more than 4 binary parts, and for another namespace', () => {
    const parts = limited();
    parts.receive('message', '54-["a"]');
    expect(parts.closed).toEqual([]);
    parts.receive('message', '55-["a"]');
    expect([parts.closed, parts.counted]).toEqual([[true], ['binary_parts']]);
    const acked = limited();
    acked.receive('message', '65-["a"]');
    expect(acked.counted).toEqual(['binary_parts']);
    const other = limited();
    other.receive('message', '0/admin,');
    expect([other.closed, other.counted]).toEqual([[true], ['unknown_namespace']]);
    const ping = limited();
    ping.receive('ping', '0/admin,');
    expect(ping.closed).toEqual([]);
  });

  it('is told of by its first packet too many, and closed when it goes on; events and its first join count elsewhere', () => {
    const { receive, counted, closed } = limited();
    for (let n = 0; n < 10; n += 1) receive('message', n % 2 ? '2["a"]' : '51-["a"]');
    receive('message', '0');
    // Only messages are events, whatever else looks like one.
    for (let n = 0; n < 3; n += 1) receive('pong', '2["a"]');
    expect(counted).toEqual([]);
    receive('message', '0');
    expect([counted, closed]).toEqual([['too_many_messages'], []]);
    for (let n = 0; n < 50 && closed.length === 0; n += 1) receive('pong');
    expect([counted, closed]).toEqual([['too_many_messages', 'flood'], [true]]);
  });

  it('is closed for twice that many frames of its WebSocket, of any kind, and what was read before is passed on', () => {
    const { deps, counted } = limited();
    const passed: unknown[] = [];
    const ended: unknown[] = [];
    const behavior = limitFrames(
      { message: (_socket, bytes, isBinary) => void passed.push([bytes.byteLength, isBinary]) },
      deps as never,
    );
    const socketOf = () => ({ end: (...how: unknown[]) => ended.push(how) }) as never;
    const socket = socketOf();
    behavior.message?.(socket, new ArrayBuffer(5), true);
    behavior.ping?.(socket, new ArrayBuffer(0));
    behavior.pong?.(socket, new ArrayBuffer(0));
    expect(passed).toEqual([[5, true]]);
    let more = 0;
    for (; ended.length === 0; more += 1) behavior.message?.(socket, new ArrayBuffer(1), false);
    expect([ended, counted]).toEqual([[[1008, 'Too many messages']], ['flood']]);
    // The frame that ended it is not passed on; others' are.
    expect(passed).toHaveLength(1 + more - 1);
    behavior.message?.(socketOf(), new ArrayBuffer(1), false);
    expect(passed).toHaveLength(more + 1);
  });
});
