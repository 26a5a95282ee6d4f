/** When a client has left too much unread, to the byte: a socket's buffer is nothing that a real one can be made to have. */
import { describe, expect, it } from '@jest/globals';
import {
  MAX_UNACKED_BYTES,
  RESERVED_UNACKED_BYTES,
  ReliableDelivery,
} from '../../../../src/protocol/index.ts';
import { Outbox, type OutboxDeps, type Recipient } from '../../../../src/server/dialects/native/outbox.ts';
import { SendStatus } from '../../../../src/server/http/shell/shell.ts';
import { KEPT_FRAME_BYTES, WaitingBytes } from '../../../../src/server/signaling/waiting-bytes.ts';

const MAX_UNSENT = 65_536;
const MAX_MESSAGE = 1_024;
/** What may be unsent, the message of a peer that was let in last, and the server's own words. */
const END_ABOVE = MAX_UNSENT + MAX_MESSAGE + RESERVED_UNACKED_BYTES;

function outboxTo(unsent: number, status: number, limits: Partial<OutboxDeps> = {}) {
  const [warnings, refused, ends]: [unknown[], string[], unknown[]] = [[], [], []];
  const outbox = new Outbox({
    refusals: { warn: (...line: unknown[]) => warnings.push(line) } as never,
    metrics: { bytesSent: 0, refused: { add: (kind: string) => refused.push(kind) } } as never,
    maxUnsentBytes: MAX_UNSENT,
    maxMessageBytes: MAX_MESSAGE,
    waiting: new WaitingBytes(0),
    ...limits,
  });
  const recipient: Recipient = {
    id: 'me',
    address: 'somewhere',
    socket: { send: () => status, getBufferedAmount: () => unsent },
    end: (...how) => ends.push(how),
  };
  return { outbox, recipient, warnings, refused, ends };
}

describe('a client that reads slowly', () => {
  it.each([
    ['stays with exactly as much unread as may be', END_ABOVE, 0],
    ['is closed with one byte more', END_ABOVE + 1, 1],
  ])('%s, for what the server says', (_what, unsent, count) => {
    const { outbox, recipient, warnings, refused, ends } = outboxTo(unsent, SendStatus.buffered);
    outbox.send(recipient, { type: 'ping' });
    expect(ends).toHaveLength(count);
    expect(refused).toHaveLength(count);
    expect(warnings).toHaveLength(count);
  });

  it('is closed with 1013 and a reason, counted as unsent_bytes, and logged by its id', () => {
    const { outbox, recipient, warnings, refused, ends } = outboxTo(END_ABOVE + 1, SendStatus.buffered);
    outbox.send(recipient, { type: 'ping' });
    expect(ends).toEqual([[1013, 'You do not read what you are sent']]);
    expect(refused).toEqual(['unsent_bytes']);
    expect(warnings).toEqual([
      ['unsent_bytes', 'somewhere', 'Client me does not read what it is sent', { id: 'me' }],
    ]);
  });

  it('is not closed for what a peer says, which had to ask for room', () => {
    const { outbox, recipient, ends } = outboxTo(END_ABOVE + 1, SendStatus.buffered);
    outbox.write(recipient, 'from a peer', true);
    expect(ends).toEqual([]);
  });

  it('is closed when a message was dropped, whoever said it, and not when it was sent', () => {
    const dropped = outboxTo(0, SendStatus.dropped);
    dropped.outbox.write(dropped.recipient, 'from a peer', true);
    expect(dropped.ends).toHaveLength(1);
    const sent = outboxTo(END_ABOVE + 1, SendStatus.sent);
    sent.outbox.write(sent.recipient, 'anything');
    expect(sent.ends).toEqual([]);
  });

  it('has room for as much as may be unsent, and for one message of any size when all is read', () => {
    const { outbox, recipient } = outboxTo(MAX_UNSENT - 100, SendStatus.sent);
    expect([outbox.hasRoomFor(recipient, 100), outbox.hasRoomFor(recipient, 101)]).toEqual([true, false]);
    const idle = outboxTo(0, SendStatus.sent);
    expect(idle.outbox.hasRoomFor(idle.recipient, 10 * MAX_UNSENT)).toBe(true);
  });

  it('may leave any amount unread where the limit is 0', () => {
    const { outbox, recipient, ends } = outboxTo(2 ** 40, SendStatus.buffered, { maxUnsentBytes: 0 });
    outbox.send(recipient, { type: 'ping' });
    expect(ends).toEqual([]);
    expect(outbox.hasRoomFor(recipient, 2 ** 40)).toBe(true);
  });
});

describe('what a client is sent', () => {
  it('counts as sent, and as waiting where it is kept or was not sent at once', () => {
    const waits: number[] = [];
    const waiting = { added: (bytes: number) => waits.push(bytes) } as never;
    const metrics = { bytesSent: 0, refused: { add() {} } };
    const sent = outboxTo(0, SendStatus.sent, { waiting, metrics: metrics as never });
    sent.outbox.send(sent.recipient, { type: 'ping' });
    expect([metrics.bytesSent, waits]).toEqual(['{"type":"ping"}'.length, []]);
    const delivery = new ReliableDelivery<string | Buffer>();
    sent.outbox.sendKept(sent.recipient, delivery, delivery.keep('12345', undefined), false);
    expect(waits.splice(0)).toEqual([5 + KEPT_FRAME_BYTES]);
    const buffered = outboxTo(1, SendStatus.buffered, { waiting });
    buffered.outbox.write(buffered.recipient, '123');
    expect([waits, buffered.ends]).toEqual([[3], []]);
  });

  it('is not more than is kept for it: a client that acks nothing of more is ended, and that is counted', () => {
    const { outbox, recipient, refused, ends } = outboxTo(0, SendStatus.sent);
    const delivery = new ReliableDelivery<string | Buffer>();
    const keep = (bytes: number) =>
      outbox.sendKept(recipient, delivery, delivery.keep('x'.repeat(bytes), undefined), false);
    keep(MAX_UNACKED_BYTES);
    keep(RESERVED_UNACKED_BYTES);
    expect([refused, ends]).toEqual([[], []]);
    keep(1);
    expect([refused, ends]).toEqual([['waiting_messages'], [[1013, 'Too much waits for you']]]);
  });

  it('of refusals is counted and logged by what was refused, never with its content', () => {
    const { outbox, recipient, refused, warnings } = outboxTo(0, SendStatus.sent);
    outbox.noteRefusal(recipient, { code: 'not_paired', for: 'offer' });
    outbox.noteRefusal(recipient, { code: 'invalid_json', message: 'the words of the sender' });
    expect(refused).toEqual(['not_paired', 'invalid_json']);
    expect(warnings.map((line) => (line as unknown[])[2])).toEqual([
      expect.stringContaining("Refused 'offer' of me: "),
      expect.stringContaining('Refused a message of me: '),
    ]);
    expect(JSON.stringify(warnings)).not.toContain('the words');
  });
});
