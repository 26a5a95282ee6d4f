/** What a client has waiting and may be told, to the byte: a socket's buffer is nothing that a real one can be made to have. */
import { describe, expect, it } from '@jest/globals';
import { RESERVED_UNACKED_BYTES, ReliableDelivery } from '../../../../src/protocol/index.ts';
import { type ClientSocket, NativeClient } from '../../../../src/server/dialects/native/native-client.ts';
import { Outbox } from '../../../../src/server/dialects/native/outbox.ts';
import { ResumeToken } from '../../../../src/server/dialects/native/resume-secrets.ts';
import { SendStatus } from '../../../../src/server/http/shell/shell.ts';
import type { Signal } from '../../../../src/server/signaling/signal.ts';
import { KEPT_FRAME_BYTES, WaitingBytes } from '../../../../src/server/signaling/waiting-bytes.ts';

const [MAX_UNSENT, MAX_MESSAGE] = [65_536, 1_024];

function clientWith({
  isResumable = false,
  peers = undefined as number | undefined,
  givesEvidence = 0,
} = {}) {
  const [sent, ended, places, refused]: [string[], unknown[], string[], string[]] = [[], [], [], []];
  const buffer = { unread: 0 };
  const outbox = new Outbox({
    refusals: { warn: () => {} } as never,
    metrics: { bytesSent: 0, refused: { add: (kind: string) => refused.push(kind) } } as never,
    maxUnsentBytes: MAX_UNSENT,
    maxMessageBytes: MAX_MESSAGE,
    waiting: new WaitingBytes(0),
  });
  const socketAt = (address: string) => {
    const data = { address, isKeyOnly: false, givesEvidence, client: undefined as unknown };
    const socket = {
      getUserData: () => data,
      getBufferedAmount: () => buffer.unread,
      send: (frame: string | Buffer) => {
        sent.push(String(frame));
        return buffer.unread > 0 ? SendStatus.buffered : SendStatus.sent;
      },
      end: (...how: unknown[]) => ended.push([address, ...how]),
    };
    return { socket: socket as unknown as ClientSocket, data };
  };
  const client = new NativeClient(
    'me',
    'first',
    {
      waits: (address) => places.push(`+${address}`),
      waitsNoLonger: (address) => places.push(`-${address}`),
      isOver: () => false,
    },
    outbox,
    {
      resume: isResumable
        ? { delivery: new ReliableDelivery(peers), token: new ResumeToken('s') }
        : undefined,
      generation: 3,
      peers,
    },
  );
  const first = socketAt('first');
  client.attach(first.socket);
  return { client, sent, ended, places, refused, buffer, first, socketAt };
}

const signal = (epoch?: number) => {
  const message = { type: 'signal', data: 1, ...(epoch !== undefined && { epoch }) };
  return { message, bytes: new TextEncoder().encode(JSON.stringify(message)) } as unknown as Signal;
};

describe('what waits for a client', () => {
  it('is what its socket has not sent, and what it has not acked with the cost of keeping that', () => {
    const { client, buffer } = clientWith({ isResumable: true });
    expect(client.waitingBytes).toBe(0);
    buffer.unread = 100;
    expect(client.waitingBytes).toBe(100);
    client.notify({ type: 'key', key: 'K', expiresAt: undefined });
    const bytes = '{"type":"key","key":"K"}'.length;
    expect(client.waitingBytes).toBe(100 + bytes + KEPT_FRAME_BYTES);
    client.socket = undefined;
    expect(client.waitingBytes).toBe(bytes + KEPT_FRAME_BYTES);
    client.discard();
    expect(client.waitingBytes).toBe(0);
  });

  it('is for one that acks nothing what its socket has not sent', () => {
    const { client, buffer } = clientWith();
    client.notify({ type: 'key', key: 'K', expiresAt: undefined });
    buffer.unread = 7;
    expect(client.waitingBytes).toBe(7);
    client.socket = undefined;
    expect(client.waitingBytes).toBe(0);
  });

  it('leaves room for a message of a peer, and for news of it, as far as its socket may have it', () => {
    const { client, buffer } = clientWith();
    buffer.unread = MAX_UNSENT;
    expect([client.hasRoomFor(0), client.hasRoomFor(1), client.hasRoomForChange]).toEqual([
      true,
      false,
      true,
    ]);
    buffer.unread = MAX_UNSENT + 1;
    expect(client.hasRoomForChange).toBe(false);
    const resumable = clientWith({ isResumable: true });
    resumable.buffer.unread = MAX_UNSENT;
    expect([resumable.client.hasRoomFor(0), resumable.client.hasRoomFor(1)]).toEqual([true, false]);
    // News of peers are among what is kept.
    resumable.buffer.unread = MAX_UNSENT + 1;
    expect(resumable.client.hasRoomForChange).toBe(true);
  });

  it('is dropped by pairing, and its numbers still come', () => {
    const { client, sent } = clientWith({ isResumable: true, peers: 2 });
    for (const epoch of [1, 2]) client.relay(signal(epoch), epoch, { senderSeq: epoch, epoch });
    client.dropWaiting((epoch) => epoch === 1);
    expect(client.unackedOf(1).map(({ text }) => text)).toEqual(['{"type":"ack","received":0}']);
    sent.length = 0;
    client.sendUnacked();
    expect(sent).toEqual([
      '[1,0,{"type":"ack","received":0},1]',
      '[2,0,{"type":"signal","data":1,"epoch":2,"from_peer":true},2]',
    ]);
  });

  it('is known by pairing and by the number of its sender', () => {
    const { client } = clientWith({ isResumable: true, peers: 2 });
    client.notify({ type: 'key', key: 'K', expiresAt: undefined });
    client.relay(signal(5), 5, { senderSeq: 8, epoch: 5 });
    client.relay(signal(5), 5, { epoch: 5 });
    const asked = [
      [5, 8],
      [5, 9],
      [6, 8],
    ] as const;
    expect(asked.map(([epoch, seq]) => client.isWaitingFor(epoch, seq))).toEqual([true, false, false]);
    expect(client.unackedOf(5)).toEqual([{ senderSeq: 8, text: expect.stringContaining('from_peer') }]);
    expect(client.unackedOf(6)).toEqual([]);
    const plain = clientWith().client;
    expect([plain.isWaitingFor(5, 8), plain.unackedOf(5)]).toEqual([false, []]);
  });
});

describe.each([true, false])('a client that may come back: %s', (isResumable) => {
  it('is ended for what it leaves unread of the server, and not for what a peer asked for room for', () => {
    const { client, buffer, refused } = clientWith({ isResumable });
    buffer.unread = MAX_UNSENT + MAX_MESSAGE + RESERVED_UNACKED_BYTES + 1;
    client.relay(signal(), 1, undefined);
    expect(refused).toEqual([]);
    client.notify({ type: 'key', key: 'K', expiresAt: undefined });
    expect(refused).toEqual(['unsent_bytes']);
  });

  it.each([
    ['none that asked for no number of peers', undefined, undefined, ''],
    ['one that did, where the sender left it out', 4, undefined, ',"epoch":7'],
    ['one that did, as the sender wrote it', 4, 7, ',"epoch":7'],
  ])('gets the epoch of a signal: %s', (_who, peers, epoch, added) => {
    const { client, sent } = clientWith({ isResumable, peers });
    client.relay(signal(epoch), 7, undefined);
    expect(sent[0]).toContain(`{"type":"signal","data":1${added},"from_peer":true}`);
  });

  it.each([
    [0, false, false],
    [1, true, false],
    [2, true, true],
  ])(
    'that gives evidence of level %i is asked for it once paired: %j, and later: %j',
    (level, once, later) => {
      const { client, sent } = clientWith({ isResumable, givesEvidence: level });
      const no = undefined;
      const paired = { type: 'paired', peerId: 'b', isInitiator: true, epoch: 1 } as const;
      client.notify({ ...paired, iceServers: no, room: no, traceparent: no, request: no });
      client.notify({ type: 'key', key: 'K', expiresAt: no });
      expect(sent.map((frame) => frame.includes('"evidence":true'))).toEqual([once, false]);
      sent.length = 0;
      client.askFlow(1, 5);
      expect(sent).toEqual(later ? ['{"type":"evidence","epoch":1,"seconds":5}'] : []);
    },
  );

  it('has a number for each message that a peer has to ack', () => {
    const { client } = clientWith({ isResumable });
    if (client.resume) for (const seq of [1, 2]) client.resume.delivery.accept(seq, 0);
    expect(client.lastSenderSeq).toBe(isResumable ? 2 : 0);
    expect(client.nextSenderSeq()).toBe(isResumable ? 2 : 1);
    if (!isResumable) expect([client.nextSenderSeq(), client.lastSenderSeq]).toEqual([2, 2]);
  });
});

describe('a client without its socket', () => {
  it('keeps the place of that once, until it is back', () => {
    const { client, places, first, ended, socketAt } = clientWith({ isResumable: true });
    client.socket = undefined;
    client.waits();
    client.waits();
    expect(places).toEqual(['+first']);
    const second = socketAt('second');
    client.attach(second.socket);
    expect([places, client.address, client.isOnline]).toEqual([['+first', '-first'], 'second', true]);
    expect(ended).toEqual([]);
    const third = socketAt('third');
    client.attach(third.socket);
    // The older one was taken over; it is nobody's from then on.
    expect(ended).toEqual([['second', 4409, 'You came back on another socket']]);
    expect([first.data.client, second.data.client, third.data.client]).toEqual([client, undefined, client]);
    client.waits();
    client.discard();
    expect(places).toEqual(['+first', '-first', '+third', '-third']);
  });

  it('has come back once more when it moves to another node, and leaves its place', () => {
    const { client, places, ended } = clientWith({ isResumable: true });
    client.waits();
    client.moveAway();
    expect([client.generation, client.isOnline, places]).toEqual([4, false, ['+first', '-first']]);
    expect(ended).toEqual([['first', 4409, 'You came back on another socket']]);
  });

  it('that was closed has none, and hears no more', () => {
    const { client, ended, sent } = clientWith();
    client.close(1001, 'bye');
    client.close(1001, 'bye');
    client.notify({ type: 'ping' });
    expect([client.isOnline, ended, sent]).toEqual([false, [['first', 1001, 'bye']], []]);
  });
});
