/**
 * Coming back: a client that lost its socket opens another with `?resume=back`, and its first message names its
 * session, the secret that goes with it, and what it has received.
 *
 * The secret is the session's id and a nonce under the server's own key. So a server that was killed and started again
 * with the same `--secret` knows that the id was this client's, without having kept anything. While the session lives
 * a secret is good for one return; the one before it stays good until the client has shown that it has the new one,
 * because the answer may be lost with the socket.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { ClientMessageOf } from '../protocol/index.ts';
import type { ServerSession } from './sessions.ts';

const NONCE_BYTES = 16;
const RUN_BYTES = 6;

/** Makes and knows the secrets of one server. */
export class ResumeSecrets {
  readonly #key: Buffer;
  /** Tells this process's secrets from those of the ones before it. */
  readonly #run = randomBytes(RUN_BYTES).toString('base64url');

  /** @param secret shared by a server and its successors; undefined: nobody outlives this process */
  constructor(secret: string | undefined) {
    this.#key =
      secret === undefined ? randomBytes(32) : createHmac('sha256', secret).update('resume').digest();
  }

  issue(id: string): string {
    const nonce = randomBytes(NONCE_BYTES).toString('base64url');
    return `${this.#run}.${nonce}.${this.#sign(id, this.#run, nonce)}`;
  }

  /** Whether a server with the same secret issued it for that id, before this one. Our own sessions we know. */
  isOfPredecessor(id: string, secret: string): boolean {
    const [run = '', nonce = '', signature = ''] = secret.split('.');
    return run !== this.#run && isEqual(signature, this.#sign(id, run, nonce));
  }

  #sign(id: string, run: string, nonce: string): string {
    return createHmac('sha256', this.#key).update(`${id}.${run}.${nonce}`).digest('base64url');
  }
}

/** The secret of one session. */
export class ResumeToken {
  #current: string;
  #previous: string | undefined;

  constructor(secret: string) {
    this.#current = secret;
  }

  /** What the client is told. */
  get value(): string {
    return this.#current;
  }

  accepts(secret: string): boolean {
    return (
      isEqual(secret, this.#current) || (this.#previous !== undefined && isEqual(secret, this.#previous))
    );
  }

  /** A return was granted with one secret: the next one takes another. */
  rotate(used: string, next: string): void {
    this.#previous = used;
    this.#current = next;
  }

  /** The client was heard on the socket that brought it the new secret. */
  confirm(): void {
    this.#previous = undefined;
  }
}

/** Whether the message fits a session that we have: its secret, and numbers that can be. */
export function mayResume(session: ServerSession, message: ClientMessageOf<'resume'>): boolean {
  const { delivery, resumeToken } = session;
  if (!delivery || !resumeToken || session.isDone) return false;
  return resumeToken.accepts(message.token) && delivery.isPossible(message.received);
}

function isEqual(given: string, secret: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(secret)];
  return a.length === b.length && timingSafeEqual(a, b);
}
