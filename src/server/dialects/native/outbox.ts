/** Writes to native clients, and ends those that do not read. */
import {
  type CloseCode,
  closeCodes,
  errorMessages,
  MAX_UNACKED_BYTES,
  RESERVED_UNACKED_BYTES,
  type ReliableDelivery,
  type ServerMessage,
  type UnackedMessage,
} from '../../../protocol/index.ts';
import { SendStatus, type WebSocket } from '../../http/shell/shell.ts';
import type { Refusal } from '../../signaling/client.ts';
import { KEPT_FRAME_BYTES, type WaitingBytes } from '../../signaling/waiting-bytes.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import type { RefusalLog } from '../../telemetry/refusal-log.ts';

/** A client, as far as it is written to. */
export interface Recipient {
  /** The session's id. */
  readonly id: string;
  /** As limits count it; empty while the client has no socket. */
  readonly address: string;
  /** Undefined while the client has none. */
  readonly socket: Pick<WebSocket<unknown>, 'send' | 'getBufferedAmount'> | undefined;
  /** Ends its session on the server's behalf. */
  end(code: CloseCode, reason: string): void;
}

export interface OutboxDeps {
  readonly refusals: RefusalLog;
  readonly metrics: Metrics;
  /** How many bytes a client may leave unread; 0: no limit. */
  readonly maxUnsentBytes: number;
  /** The size in bytes of the largest message that a peer may send; 0: no limit. */
  readonly maxMessageBytes: number;
  readonly waiting: WaitingBytes;
}

export class Outbox {
  readonly #refusals: RefusalLog;
  readonly #metrics: Metrics;
  /** How many bytes peers may have waiting for a client. */
  readonly maxWaitingBytes: number;
  readonly #maxUnsentBytes: number;
  readonly #waiting: WaitingBytes;
  /** The limit for peers' and the server's own messages together. */
  readonly #endsAboveBytes: number;

  constructor({ refusals, metrics, maxUnsentBytes, maxMessageBytes, waiting }: OutboxDeps) {
    this.#waiting = waiting;
    this.#refusals = refusals;
    this.#metrics = metrics;
    this.#maxUnsentBytes = maxUnsentBytes || Number.POSITIVE_INFINITY;
    this.maxWaitingBytes = Math.min(MAX_UNACKED_BYTES, this.#maxUnsentBytes);
    this.#endsAboveBytes =
      this.#maxUnsentBytes + (maxMessageBytes || Number.POSITIVE_INFINITY) + RESERVED_UNACKED_BYTES;
  }

  /** Whether a peer may send it this many bytes more: up to the limit, and always at least one message. */
  hasRoomFor({ socket }: Recipient, bytes: number): boolean {
    const unsent = socket?.getBufferedAmount() ?? 0;
    return unsent === 0 || unsent + bytes <= this.#maxUnsentBytes;
  }

  /** Sends a message without a number. */
  send(to: Recipient, message: ServerMessage): void {
    this.write(to, JSON.stringify(message));
  }

  /** Sends a numbered message, which is kept until it is acked. */
  sendKept(
    to: Recipient,
    delivery: ReliableDelivery<string | Buffer>,
    kept: UnackedMessage<string | Buffer>,
    isOfPeer: boolean,
  ): void {
    this.write(to, numbered(delivery, kept), isOfPeer);
    this.#waiting.added(kept.message.length + KEPT_FRAME_BYTES);
    if (!delivery.isOverfull) return;
    this.#metrics.refused.add('waiting_messages');
    to.end(closeCodes.tryAgainLater, 'Too much waits for you');
  }

  /** Sends again what a client that came back has not received. */
  sendUnacked(to: Recipient, delivery: ReliableDelivery<string | Buffer>): void {
    for (const kept of delivery.unacked) this.write(to, numbered(delivery, kept), true);
  }

  /** @param isOfPeer whether room for it was checked before */
  write(to: Recipient, frame: string | Buffer, isOfPeer = false): void {
    const { socket } = to;
    if (!socket) return;
    const status = socket.send(frame, false);
    this.#metrics.bytesSent += frame.length;
    if (status === SendStatus.sent) return;
    const isUnread = !isOfPeer && socket.getBufferedAmount() > this.#endsAboveBytes;
    this.#waiting.added(frame.length);
    if (status === SendStatus.dropped || isUnread) {
      this.#refusals.warn('unsent_bytes', to.address, `Client ${to.id} does not read what it is sent`, {
        id: to.id,
      });
      this.#metrics.refused.add('unsent_bytes');
      to.end(closeCodes.tryAgainLater, 'You do not read what you are sent');
    }
  }

  /** Counts and logs a refusal, but never the content of the message. */
  noteRefusal({ id, address }: Recipient, { code, for: type }: Refusal): void {
    this.#metrics.refused.add(code);
    const what = type ? `'${type}'` : 'a message';
    this.#refusals.warn(code, address, `Refused ${what} of ${id}: ${errorMessages[code]}`, { id, code });
  }
}

function numbered(
  delivery: ReliableDelivery<string | Buffer>,
  kept: UnackedMessage<string | Buffer>,
): string | Buffer {
  const { message } = kept;
  const [head, tail] = [delivery.headOf(kept), delivery.tailOf(kept)];
  if (typeof message === 'string') return head + message + tail;
  return Buffer.concat([Buffer.from(head), message, Buffer.from(tail)]);
}
