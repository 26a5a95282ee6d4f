/**
 * One connection to a NATS broker, from the moment that this node has claimed its number until the connection is lost.
 * It never reconnects by itself: messages that the client would keep for later are lost with it, and the next
 * connection claims the number again. Only this file uses the NATS client, which is loaded when it is first needed.
 */
import type { Msg, NatsConnection, TlsOptions } from '@nats-io/transport-node';
import type { NodeId } from '../../../node-id.ts';
import type { Logger } from '../../../telemetry/logger.ts';
import { BusError, DuplicateNodeError } from '../bus-errors.ts';
import { endSocketsOnFailure } from './dial-sockets.ts';
import type { NatsAddress } from './nats-address.ts';
import { natsTls } from './nats-tls.ts';

/** A broker that does not answer within this time counts as unavailable. */
const CONNECT_TIMEOUT_MS = 3_000;
/** A silent broker is noticed after three of these. */
const PING_INTERVAL_MS = 1_500;
const MAX_PINGS_OUT = 2;
/** A node that has our number answers at once; a leftover subscription of a dead node does not. */
const CLAIM_TIMEOUT_MS = 500;
const MIN_PAYLOAD_BYTES = 1_024;
const NO_RESPONDERS = 503;

export interface NatsLinkOptions {
  readonly address: NatsAddress;
  readonly node: NodeId;
  readonly prefix: string;
  /** Identifies this start of this node. */
  readonly token: string;
  readonly log: Logger;
  /** Aborts a connection attempt. */
  readonly signal: AbortSignal;
  /** This node has the number; called once, before anything else. */
  ready(link: NatsLink): void;
  received(text: string): void;
  unreachable(node: NodeId): void;
  /**
   * Called once, after `ready`, unless the link was closed.
   * @param reason without addresses or secrets
   */
  lost(reason: string): void;
}

type Verdict = 'ours' | 'taken' | 'lost';

export class NatsLink {
  readonly #connection: NatsConnection;
  readonly #options: NatsLinkOptions;
  readonly #inbox: string;
  readonly #decided: Promise<void>;
  #tellDecided: () => void = () => {};
  /** Who has the number, once that is known. */
  #verdict: Verdict | undefined;
  #isOver = false;
  #refusal: BusError | undefined;

  /**
   * @throws {BusError} when the broker or another node refuses this node
   * @throws {Error} when the broker cannot be reached; `reasonOf` gives a reason that may be logged
   */
  static async open(options: NatsLinkOptions): Promise<void> {
    const { connect, errors } = await import('@nats-io/transport-node');
    const { servers, isTls, user, pass, token } = options.address;
    const settings = {
      servers,
      ...(user !== undefined && { user, pass }),
      ...(token !== undefined && { token }),
      ...(isTls && { tls: natsTls(servers) as TlsOptions }),
      name: `pairlane node ${options.node}`,
      timeout: CONNECT_TIMEOUT_MS,
      pingInterval: PING_INTERVAL_MS,
      maxPingOut: MAX_PINGS_OUT,
      reconnect: false,
      // A broadcast is for the other nodes; and our own subscription must not hide that no other node has our number.
      noEcho: true,
    };
    const connection = await endSocketsOnFailure(() => connect(settings), options.signal).catch(
      (error: Error) => {
        throw error instanceof errors.AuthorizationError
          ? new BusError(
              'The NATS server refuses these credentials. Correct the name, password or token in --nats',
            )
          : (asTlsRefusal(error) ?? error);
      },
    );
    const link = new NatsLink(connection, options);
    try {
      await link.#begin();
    } catch (error) {
      await link.close();
      throw error;
    }
  }

  private constructor(connection: NatsConnection, options: NatsLinkOptions) {
    this.#connection = connection;
    this.#options = options;
    this.#inbox = `${options.prefix}.reply.${options.token}`;
    this.#decided = new Promise((resolve) => {
      this.#tellDecided = resolve;
    });
    void connection.closed().then(() => this.#lose('the connection was lost'));
    void this.#watch();
  }

  /** The largest message that the broker accepts. */
  get maxBytes(): number {
    return this.#connection.info?.max_payload ?? MIN_PAYLOAD_BYTES;
  }

  /** @param fragments for the first one, the broker reports whether anybody received it */
  send(to: NodeId, fragments: readonly string[]): void {
    const subject = `${this.#options.prefix}.node.${to}`;
    for (const [index, fragment] of fragments.entries())
      this.#publish(subject, fragment, index === 0 ? `${this.#inbox}.${to}` : undefined);
  }

  broadcast(fragments: readonly string[]): void {
    for (const fragment of fragments) this.#publish(`${this.#options.prefix}.all`, fragment);
  }

  /** Sends what it was given, and closes the connection; the handlers are no longer called. */
  async close(): Promise<void> {
    const wasOver = this.#isOver;
    this.#isOver = true;
    // A broker that no longer reads must not delay our stop.
    if (!wasOver) await Promise.race([this.#connection.flush().catch(() => {}), after(CLAIM_TIMEOUT_MS)]);
    await this.#connection.close();
  }

  async #begin(): Promise<void> {
    const { prefix, node, token } = this.#options;
    if (this.maxBytes < MIN_PAYLOAD_BYTES)
      throw new BusError(
        `The NATS server's max_payload is too small. Set it to ${MIN_PAYLOAD_BYTES} or more`,
      );
    this.#subscribe(`${this.#inbox}.*`, (message) => this.#replied(message));
    this.#subscribe(`${prefix}.claim.${node}`, (message) => this.#claimed(message));
    for (const subject of [`${prefix}.node.${node}`, `${prefix}.all`])
      this.#subscribe(subject, (message) => {
        if (this.#verdict === 'ours') this.#options.received(message.string());
      });
    this.#publish(`${prefix}.claim.${node}`, token, `${this.#inbox}.claim`);
    await Promise.race([this.#decided, after(CLAIM_TIMEOUT_MS)]);
    this.#decide('ours');
    if (this.#refusal) throw this.#refusal;
    if (this.#verdict === 'taken') throw new DuplicateNodeError(node);
    if (this.#isOver) throw new Error('the connection was lost');
  }

  /** Decides at once, not in a later microtask: the next message of the same read may be another node's claim. */
  #decide(verdict: Verdict): void {
    if (this.#verdict) return;
    this.#verdict = verdict;
    if (verdict === 'ours') this.#options.ready(this);
    this.#tellDecided();
  }

  #subscribe(subject: string, take: (message: Msg) => void): void {
    this.#connection.subscribe(subject, {
      // An error means a missing permission, which is also reported as a status.
      callback: (error, message) => {
        if (error || this.#isOver) return;
        try {
          take(message);
        } catch (err) {
          // An exception would end the client's read loop. Invalid headers are detected only when they are accessed.
          this.#options.log.error(
            { event: 'bus_message_dropped', err },
            'a message from the bus was passed over',
          );
        }
      },
    });
  }

  #publish(subject: string, text: string, reply?: string): void {
    if (this.#connection.isClosed()) return;
    this.#connection.publish(subject, text, reply === undefined ? {} : { reply });
  }

  /** A reply arrived: a message had no receiver, or another node answered our claim. */
  #replied(message: Msg): void {
    const about = message.subject.slice(this.#inbox.length + 1);
    const isForNobody = message.headers?.code === NO_RESPONDERS && message.data.length === 0;
    if (about === 'claim' && this.#verdict === 'ours' && !isForNobody) {
      // The node that has the number was too busy to answer in time.
      this.#lose('another node has its number');
      void this.#connection.close();
    } else if (about === 'claim') this.#decide(isForNobody ? 'ours' : 'taken');
    else if (isForNobody && /^\d{1,10}$/.test(about)) this.#options.unreachable(Number(about));
  }

  /** Another node claims our number. If two nodes start at once, one of them yields. */
  #claimed(message: Msg): void {
    const { prefix, token } = this.#options;
    const other = message.string();
    if (other === token || !message.reply?.startsWith(`${prefix}.reply.`)) return;
    if (this.#verdict === 'ours' || token < other) this.#publish(message.reply, 'taken');
    else this.#decide('taken');
  }

  async #watch(): Promise<void> {
    for await (const status of this.#connection.status()) {
      if (status.type === 'staleConnection') {
        // Otherwise the client would wait until its last bytes are written, which never happens on a dead connection.
        this.#lose('it does not answer');
        await this.#connection.close();
      } else if (status.type === 'error' && status.error.name === 'PermissionViolationError') {
        const { prefix } = this.#options;
        this.#refusal = new BusError(
          `The NATS user may not use the subjects of this cluster. Allow it to publish and subscribe to ${prefix}.>`,
        );
        this.#lose(this.#refusal.message);
        await this.#connection.close();
      }
    }
  }

  #lose(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#decide('lost');
    if (this.#verdict === 'ours') this.#options.lost(reason);
  }
}

/** Why the broker could not be reached, in fixed words, since the client's own messages contain addresses. */
export function reasonOf(error: unknown): string {
  const { name, code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'its name is not known';
  if (name === 'TimeoutError' || code === 'ETIMEDOUT') return 'it does not answer';
  if (message === 'connection refused') return 'it refuses connections';
  if (message === 'unexpected response from server') return 'what answers is no NATS server';
  return 'it cannot be reached';
}

function asTlsRefusal(error: NodeJS.ErrnoException): BusError | undefined {
  if (/^(ERR_TLS|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO)/.test(error.code ?? ''))
    return new BusError(
      "The NATS server's certificate is not trusted. Name its authority in NODE_EXTRA_CA_CERTS, and its host as the certificate does",
    );
  if (/'tls'/.test(error.message))
    return new BusError(
      'The NATS server and --nats differ in TLS. Use tls:// with a server that has it, else nats://',
    );
  return undefined;
}

function after(ms: number): Promise<undefined> {
  return new Promise((resolve) => setTimeout(resolve, ms, undefined).unref());
}
