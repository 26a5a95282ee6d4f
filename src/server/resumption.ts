/**
 * Coming back: a client that lost its socket opens another with `?resume=back`, and its first message names its
 * session, the secret that goes with it, and what it has received. The secret is good for one return; the one before
 * it stays good until the client has shown that it has the new one, because the answer may be lost with the socket.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { ClientMessageOf } from '../protocol/index.ts';
import type { ServerSession } from './sessions.ts';

export class ResumeToken {
  #current: string;
  #previous: string | undefined;

  constructor() {
    this.#current = newSecret();
  }

  /** What the client is told. */
  get value(): string {
    return this.#current;
  }

  accepts(secret: string): boolean {
    // Both are compared, whatever the first says, so that the time tells nothing.
    const isCurrent = isEqual(secret, this.#current);
    const isPrevious = isEqual(secret, this.#previous ?? '');
    return isCurrent || (isPrevious && this.#previous !== undefined);
  }

  /** A return was granted with this secret: the next one takes another. */
  rotate(used: string): void {
    this.#previous = used;
    this.#current = newSecret();
  }

  /** The client was heard on the socket that brought it the new secret. */
  confirm(): void {
    this.#previous = undefined;
  }
}

/** Whether the message fits the session: its secret, and numbers that can be. One answer for all that is wrong. */
export function mayResume(
  session: ServerSession | undefined,
  message: ClientMessageOf<'resume'>,
): session is ServerSession {
  if (!session?.delivery || !session.resumeToken || session.isDone) return false;
  return session.resumeToken.accepts(message.token) && session.delivery.isPossible(message.received);
}

const SECRET_BYTES = 24;

function newSecret(): string {
  return randomBytes(SECRET_BYTES).toString('base64url');
}

function isEqual(given: string, secret: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(secret)];
  return a.length === b.length && timingSafeEqual(a, b);
}
