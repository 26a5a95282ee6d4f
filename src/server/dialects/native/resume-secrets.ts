/**
 * Secrets for resuming: a client that lost its socket opens another with `?resume=back`, and its first message names
 * its session, the session's secret, and what it has received.
 *
 * The secret is a nonce and the session's id, signed with the server's key. So a server that was killed and started
 * again with the same `--secret` knows that the id belonged to this client, without having stored anything. The secret
 * also tells which node had the session last, since that node issued it, and how often the client had come back by
 * then. While the session lives, a secret is good for one return. Earlier secrets stay valid until the client has shown
 * that it has the newest one: an answer may be lost with its socket, and a return may arrive late, on a socket that its
 * client has already left.
 */
import { createHmac, randomBytes, scryptSync, timingSafeEqual } from 'node:crypto';
import type { NodeId } from '../../node-id.ts';

const NONCE_BYTES = 16;
const RUN_BYTES = 6;
const FINGERPRINT_CHARS = 12;
const KEY_BYTES = 32;

/** Keys by the secret that this process was started with; usually there is only one. */
const keys = new Map<string, Buffer>();

/**
 * Every client has something made with the key, and could try out secrets offline: each try costs about 50 ms and 16
 * MiB (scrypt, RFC 7914, with N = 16,384 and r = 8), which a server spends once, at its start.
 */
function keyOf(secret: string): Buffer {
  const key = keys.get(secret) ?? scryptSync(secret, 'pairlane resume', KEY_BYTES);
  keys.set(secret, key);
  return key;
}

/** Issues and checks the secrets of one server. */
export class ResumeSecrets {
  readonly node: NodeId;
  readonly #key: Buffer;
  /** Distinguishes this process's secrets from those of earlier processes and other nodes. */
  readonly #run: string;

  /** @param secret shared by a server, its successors and other nodes; undefined: no session outlives this process */
  constructor(secret: string | undefined, node: NodeId) {
    this.node = node;
    this.#run = `${node}~${randomBytes(RUN_BYTES).toString('base64url')}`;
    this.#key = secret === undefined ? randomBytes(KEY_BYTES) : keyOf(secret);
  }

  /** Lets two nodes find out whether they have the same key, without revealing it. */
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
   * The generation of a secret that another process with the same key issued for that id: an earlier process of this
   * node, or another node. Secrets of this process are not looked up here, because their sessions are known.
   * @returns undefined for any other secret
   */
  foreignGeneration(id: string, secret: string): number | undefined {
    const issue = this.#read(id, secret);
    return issue && issue.run !== this.#run ? issue.generation : undefined;
  }

  /** The node that issued the secret for that id; undefined if no node with the same key did. */
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

/**
 * How many secrets of one session may be valid at once: the one that was used, and those in answers that may still be
 * on their way.
 */
const MAX_OUTSTANDING = 4;

/** The secrets of one session that its client may have: the last one it used, and those sent since. */
export class ResumeToken {
  #outstanding: string[];

  /** @param secrets in the order in which they were issued */
  constructor(...secrets: readonly [string, ...string[]]) {
    this.#outstanding = [...secrets];
  }

  /** The newest secret, which the client is told. */
  get value(): string {
    return this.#outstanding.at(-1) ?? '';
  }

  /** All valid secrets, for the node that the session moves to. */
  get outstanding(): readonly string[] {
    return this.#outstanding;
  }

  accepts(secret: string): boolean {
    return this.#outstanding.some((one) => isEqual(secret, one));
  }

  /** The client came back with the secret `used`; it is not known yet whether it receives the next one. */
  rotate(used: string, next: string): void {
    const others = this.#outstanding.filter((one) => one !== used);
    this.#outstanding = [used, ...others.slice(2 - MAX_OUTSTANDING), next];
  }

  /** The client was heard on the socket that was sent the newest secret. */
  confirm(): void {
    if (this.#outstanding.length > 1) this.#outstanding = [this.value];
  }
}

function isEqual(given: string, secret: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(secret)];
  return a.length === b.length && timingSafeEqual(a, b);
}
