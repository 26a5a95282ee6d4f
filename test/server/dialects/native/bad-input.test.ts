/** Bad input gets the error of the protocol, the connection stays, and nobody else loses anything. */
import { describe, expect, it } from '@jest/globals';
import type { RawClient } from '../../../support/clients/raw-client.ts';
import { startTestServer } from '../../../support/servers/test-server.ts';

const NOT_AN_OBJECT = ['The message should be an object', 'invalid_message'];
const UNKNOWN_TYPE = ['Unknown message type', 'unknown_type'];
const INVALID_JSON = ['Invalid JSON', 'invalid_json'];
const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);

const frames: readonly (readonly [string, string | Buffer, readonly [unknown, string]])[] = [
  ['no JSON', 'hello', INVALID_JSON as [string, string]],
  ['an empty frame', '', INVALID_JSON as [string, string]],
  ['half an object', '{"type":"offer"', INVALID_JSON as [string, string]],
  ['null', 'null', NOT_AN_OBJECT as [string, string]],
  ['an array', '[{"type":"pong"}]', NOT_AN_OBJECT as [string, string]],
  ['a number', '42', NOT_AN_OBJECT as [string, string]],
  [
    '30,000 levels of nesting',
    nested(30_000),
    ['A field should not be nested deeper than 32 levels', 'invalid_message'],
  ],
  [
    '10,000 levels of nesting in a field that is not ours',
    `{"type":"offer","sdp":"x","extra":${nested(10_000)}}`,
    ['A field should not be nested deeper than 32 levels', 'invalid_message'],
  ],
  ...(
    [
      ['inside a candidate', `{"type":"candidate","candidate":{"candidate":"","x":${nested(30_000)}}}`],
      [
        'inside a candidate, with a forged from_peer',
        `{"type":"candidate","candidate":{"candidate":"","x":${nested(30_000)}},"from_peer":true}`,
      ],
      ['inside a step', `{"type":"inspect","step":{"x":${nested(30_000)}}}`],
      [
        'inside a pairing',
        `{"type":"resume","id":"x","token":"x","received":0,"pairing":{"peer_id":"x","epoch":1,"initiator":true,"x":${nested(30_000)}}}`,
      ],
      ['in a message of no known type', `{"type":"nothing","x":${nested(30_000)}}`],
      ['in a name that the object’s prototype has', `{"type":"pong","__proto__":${nested(30_000)}}`],
      ['of objects', `{"type":"pong","x":${'{"a":'.repeat(9_000)}1${'}'.repeat(9_000)}}`],
    ] as const
  ).map(
    ([where, frame]) =>
      [
        `thousands of levels ${where}`,
        frame,
        ['A field should not be nested deeper than 32 levels', 'invalid_message'],
      ] as const,
  ),
  ...(
    [
      ['in a list', `{"type":"pong","x":[${'0,'.repeat(9_000)}0]}`],
      ['as fields', `{"type":"pong"${Array.from({ length: 5_000 }, (_, n) => `,"${n}":0`).join('')}}`],
    ] as const
  ).map(
    ([where, frame]) =>
      [
        `thousands of values ${where}`,
        frame,
        ['A message should not have more than 4096 values', 'invalid_message'],
      ] as const,
  ),
  ['a lone surrogate', '{"type":"offer","sdp":"\\ud800"}', INVALID_JSON as [string, string]],
  ['a lone surrogate in a name', '{"type":"offer","sdp":"x","\\udfff":1}', INVALID_JSON as [string, string]],
  ['a binary frame', Buffer.from('{"type":"pong"}'), [expect.stringContaining('binary'), 'invalid_json']],
  [
    'bytes that are no UTF-8, in a binary frame',
    Buffer.from([0xff, 0xfe]),
    [expect.anything(), 'invalid_json'],
  ],
  ['an object without a type', '{}', ['`type` should be a string', 'invalid_message']],
  ['a type that is no string', '{"type":{"type":"pong"}}', ['`type` should be a string', 'invalid_message']],
  ...[
    'hello',
    'xstate.stop',
    'xstate.init',
    'xstate.after.pingTimeout.session.present.liveness.pinged',
    '*',
    '',
  ].map(
    (type) => [`the type "${type}"`, JSON.stringify({ type }), UNKNOWN_TYPE as [string, string]] as const,
  ),
  ...['__proto__', 'constructor', 'toString', 'SOCKET_CLOSED', 'PAIRED', 'your_id'].map(
    (type) => [`the type "${type}"`, JSON.stringify({ type }), UNKNOWN_TYPE as [string, string]] as const,
  ),
  [
    'a __proto__ with a type',
    '{"__proto__":{"type":"pong"}}',
    ['`type` should be a string', 'invalid_message'],
  ],
  ['an offer without sdp', '{"type":"offer"}', ['`sdp` should be a string', 'invalid_message']],
  [
    'an offer whose sdp is an object',
    '{"type":"offer","sdp":{}}',
    ['`sdp` should be a string', 'invalid_message'],
  ],
  [
    'a candidate that is a string',
    '{"type":"candidate","candidate":"candidate:1"}',
    ['`candidate` should be null or an object', 'invalid_message'],
  ],
  [
    'a candidate of 5,000 characters',
    JSON.stringify({ type: 'candidate', candidate: { candidate: 'x'.repeat(5_000) } }),
    ['`candidate.candidate` should be a string of at most 4096 characters', 'invalid_message'],
  ],
  [
    'a candidate with sdpMLineIndex -1',
    '{"type":"candidate","candidate":{"candidate":"","sdpMLineIndex":-1}}',
    ['`candidate.sdpMLineIndex` should be a whole number from 0 to 65535 or null', 'invalid_message'],
  ],
  [
    'a pair request for nobody',
    '{"type":"pair_request"}',
    ['The message should have `target_id` or `key`, and only one of them', 'invalid_message'],
  ],
  [
    'a pair request whose target is a number',
    '{"type":"pair_request","target_id":5}',
    ['`target_id` should be a string of at most 128 characters', 'invalid_message'],
  ],
  [
    'a pair request for __proto__',
    '{"type":"pair_request","target_id":"__proto__"}',
    ['Target client not found', 'target_not_found'],
  ],
  [
    'a key that cannot be one',
    '{"type":"pair_request","key":"no-such-key"}',
    ['Key not found', 'key_not_found'],
  ],
  [
    'a report of no state',
    '{"type":"report","state":"fine"}',
    ['`state` should be one of new, connecting, connected, disconnected, failed, closed', 'invalid_message'],
  ],
];

async function expectUnharmed([a, b]: readonly [RawClient, RawClient]): Promise<void> {
  a.send({ type: 'candidate', candidate: null });
  expect(await b.next('candidate')).toEqual({ type: 'candidate', candidate: null, from_peer: true });
  expect([a.inbox, b.inbox]).toEqual([[], []]);
}

describe('bad input', () => {
  it.each(frames)('is refused and harms nobody: %s', async (_name, frame, [message, code]) => {
    const { connect, connectPair } = await startTestServer();
    const bystanders = await connectPair();
    const client = await connect();
    client.send(frame);
    expect(await client.next('error')).toMatchObject({ message, code });
    await client.settled();
    await expectUnharmed(bystanders);
  });

  it.each(['offer', 'answer', 'candidate', 'signal', 'report', 'unpair'])(
    'is refused while unpaired: %s',
    async (type) => {
      const { connect } = await startTestServer();
      const client = await connect();
      client.send({ type, sdp: 'x', candidate: null, data: 0, state: 'connected' });
      expect(await client.next('error')).toEqual({
        type: 'error',
        message: 'You are not paired',
        code: 'not_paired',
        for: type,
      });
    },
  );

  it('an answer without an offer is refused, and does not reach the peer', async () => {
    const { connectPair, log } = await startTestServer();
    const [a, b] = await connectPair();
    b.send({ type: 'answer', sdp: 'x' });
    expect(await b.next('error')).toMatchObject({ code: 'no_offer', for: 'answer' });
    expect(log.filter((line) => line.level === 40).map((line) => line.msg)).toEqual([
      expect.stringContaining(`Refused 'answer' of ${b.id}`),
    ]);
    await expectUnharmed([a, b]);
  });

  it("an answer to one's own offer, and a second answer, are refused", async () => {
    const { connectPair } = await startTestServer();
    const [a, b] = await connectPair();
    a.send({ type: 'offer', sdp: 'x' });
    await b.next('offer');
    a.send({ type: 'answer', sdp: 'mine' });
    expect(await a.next('error')).toMatchObject({ code: 'no_offer' });
    b.send({ type: 'answer', sdp: 'first' });
    b.send({ type: 'answer', sdp: 'second' });
    expect(await b.next('error')).toMatchObject({ code: 'no_offer' });
    expect((await a.next('answer')).sdp).toBe('first');
    await expectUnharmed([a, b]);
  });

  it('64 KiB pass, one byte more is refused', async () => {
    const { server, connectPair } = await startTestServer();
    const [a, b] = await connectPair();
    const frame = (bytes: number) => {
      const empty = JSON.stringify({ type: 'offer', sdp: '' });
      return JSON.stringify({ type: 'offer', sdp: 'x'.repeat(bytes - empty.length) });
    };
    a.send(frame(65_536));
    expect(String((await b.next('offer')).sdp)).toHaveLength(65_536 - 25);
    a.send(frame(65_537));
    expect(await a.next('error')).toMatchObject({ message: 'Message too large', code: 'message_too_large' });
    expect(server.parts.metrics.refused.get('message_too_large')).toBe(1);
    await expectUnharmed([a, b]);
  });

  it('a frame of more than 16 KiB above the limit ends its sender, before it is there in full', async () => {
    const { connect, connectPair } = await startTestServer();
    const bystanders = await connectPair();
    const sender = await connect();
    sender.send('x'.repeat(65_536 + 16 * 1024 + 1));
    await sender.whenClosed();
    await expectUnharmed(bystanders);
  });

  it("WebSocket's own pings and pongs count as messages", async () => {
    const { server, connect, connectPair } = await startTestServer();
    const bystanders = await connectPair();
    for (const control of ['ping', 'pong'] as const) {
      const flooder = await connect();
      for (let sent = 0; sent < 500; sent += 1) flooder.socket[control]('x'.repeat(125));
      expect(await flooder.whenClosed()).toEqual({ code: 1008, reason: 'Too many messages' });
    }
    expect(server.parts.metrics.refused.get('flood')).toBe(2);
    expect(server.parts.metrics.bytesReceived).toBeGreaterThan(2 * 200 * 125);
    await expectUnharmed(bystanders);
  });

  it('a flood is refused over 50 messages a second after a burst of 200, and closed when it goes on', async () => {
    const { server, connect, connectPair, clock } = await startTestServer();
    const bystanders = await connectPair();
    const flooder = await connect();
    for (let sent = 0; sent < 200; sent += 1) flooder.send({ type: 'pong' });
    flooder.send({ type: 'pong' });
    expect(await flooder.next('error')).toMatchObject({
      message: 'Too many messages',
      code: 'too_many_messages',
    });
    clock.advance(1_000);
    for (let sent = 0; sent < 49; sent += 1) flooder.send({ type: 'pong' });
    await flooder.settled();
    for (let sent = 0; sent < 250; sent += 1) flooder.send({ type: 'pong' });
    expect(await flooder.whenClosed()).toEqual({ code: 1008, reason: 'Too many messages' });
    expect(flooder.inbox.filter((message) => message.type === 'error')).toHaveLength(1);
    const { refused } = server.parts.metrics;
    expect([refused.get('too_many_messages'), refused.get('flood')]).toEqual([2, 1]);
    await expectUnharmed(bystanders);
  });

  it('refusals name no type or field of the sender in the log', async () => {
    const { connect, log } = await startTestServer();
    const client = await connect();
    client.send({ type: 'secret-type' });
    await client.next('error');
    const refused = log.filter((line) => line.level === 40);
    expect(refused.map((line) => line.msg)).toEqual([
      `Refused a message of ${client.id}: Unknown message type`,
    ]);
  });
});
