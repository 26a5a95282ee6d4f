/**
 * Coming back: a client that lost its socket opens another with `?resume=back`, and its first message names its
 * session, the secret that goes with it, and what it has received.
 *
 * The secret is the session's id and a nonce under the server's own key. So a server that was killed and started again
 * with the same `--secret` knows that the id was this client's, without having kept anything. The secret also tells
 * which node had the session last, for it was issued there, and how often the client had come back by then. While the
 * session lives a secret is good for one return; the ones before stay good until the client has shown that it has the
 * newest: an answer may be lost with its socket, and a return may arrive late, on a socket that its client has left.
 */
import { createHmac, randomBytes, scryptSync, timingSafeEqual } from 'node:crypto';
import type { NodeId } from '../../node-id.ts';

const NONCE_BYTES = 16;
const RUN_BYTES = 6;
const FINGERPRINT_CHARS = 12;
const KEY_BYTES = 32;

/** Of the secrets that this process was started with, its own in most. */
const keys = new Map<string, Buffer>();

/**
 * Every client has something that was made with the key, and could try secrets on it offline: each try costs some 50 ms
 * and 16 MiB (scrypt, RFC 7914, with N = 16,384 and r = 8), as the start of a server does, once.
 */
function keyOf(secret: string): Buffer {
  const key = keys.get(secret) ?? scryptSync(secret, 'pairlane resume', KEY_BYTES);
  keys.set(secret, key);
  return key;
}

/** Makes and knows the secrets of one server. */
export class ResumeSecrets {
  readonly node: NodeId;
  readonly #key: Buffer;
  /** Tells this process's secrets from those of the ones before it, and of other nodes. */
  readonly #run: string;

  /** @param secret shared by a server, its successors and other nodes; undefined: nobody outlives this process */
  constructor(secret: string | undefined, node: NodeId) {
    this.node = node;
    this.#run = `${node}~${randomBytes(RUN_BYTES).toString('base64url')}`;
    this.#key = secret === undefined ? randomBytes(KEY_BYTES) : keyOf(secret);
  }

  /** By which two nodes know whether they have the same key, and nobody knows the key. */
  get fingerprint(): string {
    return this.#sign('', 'fingerprint').slice(0, FINGERPRINT_CHARS);
  }

  /** @param generation how often the session's client has come back */
  issue(id: string, generation: number): string {
    const nonce = randomBytes(NONCE_BYTES).toString('base64url');
    const head = `${this.#run}.${generation}.${nonce}`;
    return `${head}.${this.#sign(id, head)}`;
  }

  /**
   * The generation of a secret that another process with the same key issued for that id: one before this, or another
   * node. Our own sessions we know.
   * @returns undefined for any other
   */
  foreignGeneration(id: string, secret: string): number | undefined {
    const issue = this.#read(id, secret);
    return issue && issue.run !== this.#run ? issue.generation : undefined;
  }

  /** The node that issued it for that id; undefined when none with the same secret did. */
  issuerOf(id: string, secret: string): NodeId | undefined {
    const issue = this.#read(id, secret);
    return issue && Number.parseInt(issue.run, 10);
  }

  #read(id: string, secret: string): { run: string; generation: number } | undefined {
    const end = Math.max(secret.lastIndexOf('.'), 0);
    const head = secret.slice(0, end);
    const [run = '', generation] = head.split('.');
    const isOurs = isEqual(secret.slice(end + 1), this.#sign(id, head));
    return isOurs ? { run, generation: Number(generation) } : undefined;
  }

  #sign(id: string, head: string): string {
    return createHmac('sha256', this.#key).update(`${id}.${head}`).digest('base64url');
  }
}

/** How many secrets of one session may be good at once: the one that was used, and answers that may be on their way. */
const MAX_OUTSTANDING = 4;

/** The secrets of one session that its client may have: the last one it has shown, and those that were sent since. */
export class ResumeToken {
  #outstanding: string[];

  /** @param secrets in the order in which they were issued */
  constructor(...secrets: readonly [string, ...string[]]) {
    this.#outstanding = [...secrets];
  }

  /** What the client is told. */
  get value(): string {
    return this.#outstanding.at(-1) ?? '';
  }

  /** For the node that the session moves to. */
  get outstanding(): readonly string[] {
    return this.#outstanding;
  }

  accepts(secret: string): boolean {
    return this.#outstanding.some((one) => isEqual(secret, one));
  }

  /** A return was granted with one secret; whether the client hears of the next one is not known yet. */
  rotate(used: string, next: string): void {
    const others = this.#outstanding.filter((one) => one !== used);
    this.#outstanding = [used, ...others.slice(2 - MAX_OUTSTANDING), next];
  }

  /** The client was heard on the socket that brought it the newest. */
  confirm(): void {
    if (this.#outstanding.length > 1) this.#outstanding = [this.value];
  }
}

function isEqual(given: string, secret: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(secret)];
  return a.length === b.length && timingSafeEqual(a, b);
}
