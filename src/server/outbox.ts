/** What goes out to a client, and the end of one that does not read it. */
import { closeCodes, errorMessages, type ServerMessage } from '../protocol/index.ts';
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

  sendFrame(session: ServerSession, frame: string | Buffer): void {
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
