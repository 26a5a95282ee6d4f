/** An answer of Node's behind the seam: what is written when. */
import { EventEmitter } from 'node:events';
import { expect, it } from '@jest/globals';
import { WsResponse } from '../../../../src/server/http/shell/ws/ws-response.ts';

function setUp() {
  const written: unknown[][] = [];
  const request = Object.assign(new EventEmitter(), {
    socket: { destroy: () => written.push(['destroy']), remoteAddress: '::1' },
  });
  const response = Object.assign(new EventEmitter(), {
    writableEnded: false,
    setHeader: (name: string, value: unknown) => written.push([name, value]),
    appendHeader: (name: string, value: unknown) => written.push([name, value]),
    cork: () => written.push(['cork']),
    uncork: () => written.push(['uncork']),
    write: (bytes: Uint8Array) => written.push(['write', String(Buffer.from(bytes))]),
    end(bytes?: Uint8Array | string) {
      response.writableEnded = true;
      written.push(['end', bytes === undefined ? undefined : String(Buffer.from(bytes as Uint8Array))]);
    },
  });
  const became: unknown[][] = [];
  const answer = new WsResponse({
    request,
    response,
    becomeSocket: (...facts: unknown[]) => became.push(facts),
  } as never);
  return { answer, request, response, became, written: () => written.splice(0) };
}
const bytes = (text: string) => new TextEncoder().encode(text).buffer as ArrayBuffer;

it('has the length of its body in bytes, also without the body, and is written in one piece', () => {
  const { answer, written } = setUp();
  answer.cork(() => answer.writeStatus('200 OK').writeHeader('a', 'b').end('é'));
  expect(written()).toEqual([['cork'], ['a', 'b'], ['Content-Length', 2], ['end', 'é'], ['uncork']]);
  const other = setUp();
  other.answer.end(bytes('xyz'));
  expect(other.written()).toEqual([
    ['Content-Length', 3],
    ['end', 'xyz'],
  ]);
  const head = setUp();
  head.answer.endWithoutBody(7);
  expect(head.written()).toEqual([
    ['Content-Length', 7],
    ['end', undefined],
  ]);
  const [empty, bare] = [setUp(), setUp()];
  empty.answer.end();
  bare.answer.endWithoutBody();
  expect([empty.written()[0], bare.written()[0]]).toEqual([
    ['Content-Length', 0],
    ['Content-Length', 0],
  ]);
});

it('in chunks is complete with the last one, and says how far it is', () => {
  const { answer, written } = setUp();
  expect([answer.getWriteOffset(), answer.tryEnd(bytes('ab'), 5)]).toEqual([0, [true, false]]);
  expect([answer.getWriteOffset(), answer.tryEnd(bytes('cde'), 5)]).toEqual([2, [true, true]]);
  expect(written()).toEqual([
    ['Content-Length', 5],
    ['write', 'ab'],
    ['end', 'cde'],
  ]);
});

it('is given up when the connection ends before it does, and not when it has ended', () => {
  for (const isEnded of [false, true]) {
    const { answer, response } = setUp();
    let given = 0;
    answer.onAborted(() => {
      given += 1;
    });
    if (isEnded) answer.end();
    response.emit('close');
    expect(given).toBe(isEnded ? 0 : 1);
  }
});

it('hands on the body of its request, and an empty last piece', () => {
  const { answer, request } = setUp();
  const got: [string, boolean][] = [];
  answer.onData((chunk, isLast) => got.push([String(Buffer.from(chunk)), isLast]));
  request.emit('data', Buffer.from('xabx').subarray(1, 3));
  request.emit('end');
  expect(got).toEqual([
    ['ab', false],
    ['', true],
  ]);
});

it('becomes a WebSocket with the first protocol and the headers so far, or ends the connection', () => {
  const { answer, became, written } = setUp();
  answer.writeHeader('a', 'b');
  answer.upgrade('data', 'key', ' one, two');
  answer.close();
  expect(became).toEqual([['data', 'one', ['a: b']]]);
  expect(written().at(-1)).toEqual(['destroy']);
  expect(Buffer.from(answer.getRemoteAddressAsText()).toString()).toBe('::1');
});
