/** What goes out to a client, and the end of one that does not read it. */
import { closeCodes, type Delivery, errorMessages, type ServerMessage } from '../protocol/index.ts';
import type { Refusal } from './decode.ts';
import type { Logger } from './logger.ts';
import type { ServerSession } from './sessions.ts';
import { SendStatus } from './uws.ts';

export class Outbox {
  readonly #log: Logger;
  readonly #maxUnsentBytes: number;
  readonly #close: (session: ServerSession, code: typeof closeCodes.tryAgainLater, reason: string) => void;

  /** @param close ends a session whose unsent bytes are over the limit */
  constructor(
    log: Logger,
    maxUnsentBytes: number,
    close: (session: ServerSession, code: typeof closeCodes.tryAgainLater, reason: string) => void,
  ) {
    this.#log = log;
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
    if (!delivery) {
      this.#write(session, frame);
      return;
    }
    this.#write(session, numbered(delivery, delivery.keep(frame), frame));
    if (delivery.isOverfull) this.#close(session, closeCodes.tryAgainLater, 'Too much waits for you');
  }

  /** Sends again what the client has not had, after it came back. */
  sendWaiting(session: ServerSession): void {
    const { delivery } = session;
    for (const { seq, message } of delivery?.waiting ?? []) {
      if (delivery) this.#write(session, numbered(delivery, seq, message));
    }
  }

  #write(session: ServerSession, frame: string | Buffer): void {
    const { socket } = session;
    if (!socket) return;
    const status = socket.send(frame, false);
    if (status === SendStatus.sent || this.#maxUnsentBytes === 0) return;
    if (status === SendStatus.dropped || socket.getBufferedAmount() > this.#maxUnsentBytes) {
      this.#log.warn({ id: session.id }, `Client ${session.id} does not read what it is sent`);
      this.#close(session, closeCodes.tryAgainLater, 'You do not read what you are sent');
    }
  }

  /** Tells the client what was wrong with a message; never what was in it. */
  refuse(session: ServerSession, { code, message, for: type }: Refusal): void {
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

function numbered(delivery: Delivery<string | Buffer>, seq: number, frame: string | Buffer): string | Buffer {
  const head = delivery.headOf(seq);
  if (typeof frame === 'string') return `${head}${frame}]`;
  return Buffer.concat([Buffer.from(head), frame, CLOSING_BRACKET]);
}

const CLOSING_BRACKET = Buffer.from(']');
