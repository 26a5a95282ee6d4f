/** What goes out to a client, and the end of one that does not read it. */
import {
  closeCodes,
  errorMessages,
  type Relayed,
  type ReliableDelivery,
  type ServerMessage,
  type UnackedMessage,
} from '../../../protocol/index.ts';
import { SendStatus } from '../../http/uws.ts';
import type { ServerSession } from '../../signaling/sessions.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import type { Refusal } from './decode-client-message.ts';

export class Outbox {
  readonly #log: Logger;
  readonly #metrics: Metrics;
  readonly #maxUnsentBytes: number;
  readonly #close: (session: ServerSession, code: typeof closeCodes.tryAgainLater, reason: string) => void;

  /** @param close ends a session whose unsent bytes are over the limit */
  constructor(
    log: Logger,
    metrics: Metrics,
    maxUnsentBytes: number,
    close: (session: ServerSession, code: typeof closeCodes.tryAgainLater, reason: string) => void,
  ) {
    this.#log = log;
    this.#metrics = metrics;
    this.#maxUnsentBytes = maxUnsentBytes;
    this.#close = close;
  }

  send(session: ServerSession, message: ServerMessage): void {
    this.sendFrame(session, JSON.stringify(message));
  }

  /** Sends a message that is good for this socket only, and is not numbered: an id, a ping, a confirmation. */
  sendPlain(session: ServerSession, message: ServerMessage): void {
    this.#write(session, JSON.stringify(message));
  }

  /** Sends a message that is JSON already. For a session that can be resumed it is numbered, and kept. */
  sendFrame(session: ServerSession, frame: string | Buffer): void {
    const { delivery } = session;
    if (delivery) this.#writeKept(session, delivery, delivery.keep(frame));
    else this.#write(session, frame);
  }

  /** Passes a frame on that came from a peer. `relayed.settled` is called once the receiver has it. */
  relayFrame(to: ServerSession, frame: string | Buffer, relayed: Relayed): void {
    if (to.delivery && relayed.senderSeq !== undefined)
      this.#writeKept(to, to.delivery, to.delivery.keep(frame, relayed));
    else this.sendFrame(to, frame);
  }

  /** A frame that the session sent, and that was passed on, is safe. */
  release(session: ServerSession, senderSeq: number): void {
    session.delivery?.releaseAck(senderSeq);
    if (session.delivery?.shouldAck) this.sendPlain(session, session.delivery.ackMessage());
  }

  /** Sends again what the client has not had, after it came back. */
  sendWaiting(session: ServerSession): void {
    const { delivery } = session;
    for (const kept of delivery?.unacked ?? []) if (delivery) this.#write(session, numbered(delivery, kept));
  }

  #writeKept(
    session: ServerSession,
    delivery: ReliableDelivery<string | Buffer>,
    kept: UnackedMessage<string | Buffer>,
  ): void {
    this.#write(session, numbered(delivery, kept));
    if (!delivery.isOverfull) return;
    this.#metrics.refused.add('waiting_messages');
    this.#close(session, closeCodes.tryAgainLater, 'Too much waits for you');
  }

  #write(session: ServerSession, frame: string | Buffer): void {
    const { socket } = session;
    if (!socket) return;
    const status = socket.send(frame, false);
    this.#metrics.bytesSent += frame.length;
    if (status === SendStatus.sent || this.#maxUnsentBytes === 0) return;
    if (status === SendStatus.dropped || socket.getBufferedAmount() > this.#maxUnsentBytes) {
      this.#log.warn({ id: session.id }, `Client ${session.id} does not read what it is sent`);
      this.#metrics.refused.add('unsent_bytes');
      this.#close(session, closeCodes.tryAgainLater, 'You do not read what you are sent');
    }
  }

  /** Tells the client what was wrong with a message; never what was in it. */
  refuse(session: ServerSession, { code, message, for: type }: Refusal): void {
    this.#metrics.refused.add(code);
    const what = type ? `'${type}'` : 'a message';
    this.#log.warn({ id: session.id, code }, `Refused ${what} of ${session.id}: ${errorMessages[code]}`);
    this.send(session, {
      type: 'error',
      code,
      message: message ?? errorMessages[code],
      ...(type && { for: type }),
    });
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
