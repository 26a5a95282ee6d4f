/** A WebSocket of `ws` behind the seam: what its route is told, and when it is ended. */
import { EventEmitter } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import {
  SendStatus,
  type WebSocket,
  type WebSocketBehavior,
} from '../../../../src/server/http/shell/shell.ts';
import { WsSocket } from '../../../../src/server/http/shell/ws/ws-socket.ts';

/** The other side, as far as it says what it was asked for. */
class FakeWebSocket extends EventEmitter {
  bufferedAmount = 0;
  readonly done: unknown[][] = [];
  send(message: unknown, options: { binary: boolean }) {
    this.done.push(['send', message, options.binary]);
  }
  ping(message?: string) {
    this.done.push(['ping', message]);
  }
  pong(bytes: Buffer) {
    this.done.push(['pong', String(bytes)]);
  }
  close(code?: number, reason?: string | Buffer) {
    this.done.push(['close', code, reason === undefined ? undefined : String(reason)]);
  }
  terminate() {
    this.done.push(['terminate']);
  }
}

function open(behavior: Partial<WebSocketBehavior<string>> = {}) {
  const ws = new FakeWebSocket();
  const told: unknown[][] = [];
  const idle: { ms: number; over: () => void }[] = [];
  const text = (bytes: ArrayBuffer) => Buffer.from(bytes).toString();
  const socket: WebSocket<string> = new WsSocket(ws as never, {
    data: 'mine',
    behavior: {
      open: (one) => void told.push(['open', one.getUserData()]),
      message: (_socket, bytes, isBinary) => void told.push(['message', text(bytes), isBinary]),
      ping: (_socket, bytes) => told.push(['ping', text(bytes)]),
      pong: (_socket, bytes) => told.push(['pong', text(bytes)]),
      dropped: () => told.push(['dropped']),
      close: (_socket, code, reason) => told.push(['close', code, text(reason)]),
      ...behavior,
    },
    topics: {
      left: () => told.push(['left']),
      subscribe: (topic: string) => topic === 'new',
      unsubscribe: (topic: string) => topic === 'old',
    } as never,
    socket: { setTimeout: (ms: number, over: () => void) => idle.push({ ms, over }) } as never,
  });
  return { ws, socket, idle, taken: () => told.splice(0), done: () => ws.done.splice(0) };
}

describe('a WebSocket', () => {
  it('tells its route what it receives, and answers a ping', () => {
    const { ws, taken, done } = open();
    ws.emit('message', Buffer.from('text'), false);
    ws.emit('message', Buffer.from('bytes'), true);
    ws.emit('ping', Buffer.from('a'));
    ws.emit('pong', Buffer.from('b'));
    ws.emit('error', new Error('a frame that is none'));
    ws.emit('close', 4000, Buffer.from('bye'));
    expect(taken()).toEqual([
      ['open', 'mine'],
      ['message', 'text', false],
      ['message', 'bytes', true],
      ['ping', 'a'],
      ['pong', 'b'],
      ['left'],
      ['close', 4000, 'bye'],
    ]);
    expect(done()).toEqual([['pong', 'a']]);
  });

  it('says whether what it sends is on its way, and keeps its own copy of what is not', () => {
    const { ws, socket, done } = open();
    expect([socket.send('text'), socket.ping('a')]).toEqual([SendStatus.sent, SendStatus.sent]);
    ws.bufferedAmount = 1;
    const bytes = new Uint8Array([1, 2]);
    expect([socket.send(bytes, true), socket.send(bytes.buffer, true), socket.ping()]).toEqual([
      SendStatus.buffered,
      SendStatus.buffered,
      SendStatus.buffered,
    ]);
    expect(socket.getBufferedAmount()).toBe(1);
    bytes.fill(0);
    const copy = Buffer.from([1, 2]);
    expect(done()).toEqual([
      ['send', 'text', false],
      ['ping', 'a'],
      ['send', copy, true],
      ['send', copy, true],
      ['ping', ''],
    ]);
    expect([socket.subscribe('new'), socket.subscribe('x')]).toEqual([true, false]);
    expect([socket.unsubscribe('old'), socket.unsubscribe('x')]).toEqual([true, false]);
  });

  it.each<[string, (socket: WebSocket<string>) => void, unknown[], number]>([
    ['with a code and a reason', (socket) => socket.end(4000, 'bye'), ['close', 4000, 'bye'], 4000],
    ['without a code', (socket) => socket.end(), ['close', undefined, undefined], 1005],
    [
      'with a code that no frame may have',
      (socket) => socket.end(1005),
      ['close', undefined, undefined],
      1005,
    ],
    ['with another one of these', (socket) => socket.end(1006, 'x'), ['close', undefined, undefined], 1005],
    ['at once', (socket) => socket.close(), ['terminate'], 1006],
  ])('ended by its route %s is over at once, and cannot be used after that', (_how, end, asked, code) => {
    const { ws, socket, taken, done } = open();
    taken();
    end(socket);
    expect([done(), taken()]).toEqual([[asked], [['left'], ['close', code, '']]]);
    ws.emit('message', Buffer.from('x'), false);
    ws.emit('ping', Buffer.from('x'));
    ws.emit('pong', Buffer.from('x'));
    ws.emit('close', 1000, Buffer.from(''));
    expect([done(), taken()]).toEqual([[], []]);
    const uses = [
      () => socket.send('x'),
      () => socket.ping(),
      () => socket.end(),
      () => socket.close(),
      () => socket.subscribe('new'),
      () => socket.unsubscribe('old'),
      () => socket.getBufferedAmount(),
    ];
    for (const use of uses) expect(use).toThrow('was closed');
    expect(socket.getUserData()).toBe('mine');
  });

  it('has 123 bytes of a reason, and no half of a character', () => {
    const reasonOf = (reason: string) => {
      const { socket, done } = open();
      socket.end(4000, reason);
      return done()[0]?.[2];
    };
    expect(reasonOf('x'.repeat(123))).toBe('x'.repeat(123));
    expect(reasonOf('x'.repeat(130))).toBe('x'.repeat(123));
    expect(reasonOf(`x${'é'.repeat(61)}`)).toBe(`x${'é'.repeat(61)}`);
    expect(reasonOf('é'.repeat(70))).toBe('é'.repeat(61));
    expect(reasonOf(`${'x'.repeat(120)}😀`)).toBe('x'.repeat(120));
  });
});

describe('with too much unsent', () => {
  it.each([
    [{ maxBackpressure: 1_000 }, 1_000],
    [{}, 64 * 1024],
  ])('a message is dropped, and a ping not answered (%j)', (behavior, limit) => {
    const { ws, socket, taken, done } = open(behavior);
    taken();
    ws.bufferedAmount = limit;
    expect(socket.send('x')).toBe(SendStatus.buffered);
    done();
    ws.bufferedAmount = limit + 1;
    expect(socket.send('x')).toBe(SendStatus.dropped);
    ws.emit('ping', Buffer.from('a'));
    expect([done(), taken()]).toEqual([[], [['dropped']]]);
  });

  it('a route that says so has its socket ended, which it is told of after the message that was dropped', () => {
    const { ws, socket, taken, done } = open({ maxBackpressure: 10, closeOnBackpressureLimit: true });
    taken();
    ws.bufferedAmount = 11;
    socket.send('x');
    expect([done(), taken()]).toEqual([[['terminate']], [['dropped']]]);
  });

  it('nothing happens without a limit', () => {
    const { ws, socket } = open({ maxBackpressure: 0, closeOnBackpressureLimit: true });
    ws.bufferedAmount = 2 ** 40;
    expect(socket.send('x')).toBe(SendStatus.buffered);
  });
});

describe('a client that is silent', () => {
  const silent = (behavior: object) => {
    const { ws, socket, idle, done } = open({ idleTimeout: 60, ...behavior });
    return { ws, socket, done, ms: idle[0]?.ms, over: () => idle[0]?.over() };
  };

  it('is pinged after half of its time, and ended after the other half unless it says anything', () => {
    const { ws, done, over, ms } = silent({ sendPingsAutomatically: true });
    expect(ms).toBe(30_000);
    over();
    expect(done()).toEqual([['ping', undefined]]);
    for (const sign of ['message', 'ping', 'pong']) {
      ws.emit(sign, Buffer.from(''), false);
      done();
      over();
      expect(done()).toEqual([['ping', undefined]]);
    }
    over();
    expect(done()).toEqual([['terminate']]);
  });

  it('is ended after half of it where nobody pings, and is asked nothing once it was ended', () => {
    const { done, over } = silent({});
    over();
    expect(done()).toEqual([['terminate']]);
    const ended = silent({ sendPingsAutomatically: true });
    ended.socket.end();
    ended.done();
    ended.over();
    expect(ended.done()).toEqual([]);
  });

  it('is waited for without an end where there is no such time', () => {
    expect(open({ idleTimeout: 0 }).idle).toEqual([]);
    expect(open().idle).toEqual([]);
  });
});
