/**
 * Decides who may open a WebSocket: a table of reasons to refuse, checked in order. The first one that applies is the
 * answer.
 */

import { printableJson } from '../../common/printable.ts';
import { TokenBucket } from '../../common/token-bucket.ts';
import type { Readiness } from '../http/readiness.ts';
import type { HttpRequest, HttpResponse } from '../http/shell/shell.ts';
import type { ServerOptions } from '../options.ts';
import type { RefusalLog } from '../telemetry/refusal-log.ts';
import { AddressCount, AddressRate } from './address-limits.ts';
import { addressKey, TrustedProxies } from './client-address.ts';
import { MessageBudget } from './message-budget.ts';
import { hostnameOf, type Origins } from './origins.ts';
import { type RequestFacts, readFacts } from './request-facts.ts';
import type { SharedLimits } from './shared-limits.ts';

/** A refused upgrade, for the client, the log and the metrics. */
export interface UpgradeRefusal {
  readonly kind: string;
  readonly status: string;
  readonly message: string;
}

type Verdict = { readonly address: string } | { readonly refusal: UpgradeRefusal };

/** What a client claims; its dialect checks that once it is let in. */
export interface Claims {
  /** It comes back, and understands when it is told to try again later. */
  readonly isReturning?: boolean;
  /** A session waits for it, whose place it takes; see {@link Admission.isOver}. */
  readonly hasPlace?: boolean;
  /** It brings a token that is verified before any of its messages is handled. */
  readonly bringsToken?: boolean;
}

interface Asking extends Claims {
  readonly address: string;
  readonly origin: string;
  readonly host: string;
  readonly now: number;
}

/** Ten seconds' worth at once, since after a restart all clients of an address come back together. */
const UPGRADE_BURST_S = 10;

/**
 * One address's share of the TCP connections that have sent no request, and how long uWebSockets.js lets one stay
 * silent.
 */
const SILENT_SHARE = 0.1;
const SILENT_MIN = 64;
const SILENT_S = 10;

/**
 * How many clients that bring a token are let in although their address connects too often: a client with a valid token
 * must not be locked out by others of its address. Verifying a token costs about as much as refusing it.
 */
const TOKENS_PER_SECOND = 500;

export class Admission {
  /** The number of open sockets. */
  connections = 0;
  readonly origins: Origins;
  readonly messages: MessageBudget;
  readonly #options: ServerOptions;
  readonly #refusals: RefusalLog;
  readonly #now: () => number;
  readonly #readiness: Readiness;
  readonly #proxies: TrustedProxies;
  readonly #perAddress = new AddressCount();
  /** Sessions without a socket that wait for their clients: nobody else may take their places. */
  #waiting = 0;
  readonly #waitingPerAddress = new AddressCount();
  readonly #upgrades: AddressRate;
  readonly #tokensShown = new TokenBucket();
  /** TCP connections that have sent no request yet. */
  readonly #silent: AddressRate;
  readonly #reasons: readonly (UpgradeRefusal & { readonly fits: (asking: Asking) => boolean })[];

  /** @throws if `--trust-proxy` has an entry that is not an address */
  constructor(
    options: ServerOptions,
    refusals: RefusalLog,
    now: () => number,
    readiness: Readiness,
    origins: Origins,
  ) {
    this.#options = options;
    this.#refusals = refusals;
    this.#now = now;
    this.#readiness = readiness;
    this.origins = origins;
    this.messages = new MessageBudget(options, refusals);
    this.#proxies = new TrustedProxies(options.trustProxy);
    const { maxUpgradesPerSecond } = options;
    this.#upgrades = new AddressRate(maxUpgradesPerSecond, UPGRADE_BURST_S * maxUpgradesPerSecond);
    const share =
      options.maxHttpConnections && Math.max(SILENT_MIN, SILENT_SHARE * options.maxHttpConnections);
    this.#silent = new AddressRate(share / SILENT_S, share);
    this.#reasons = this.#createReasons();
  }

  get isDraining(): boolean {
    return this.#readiness.isDraining;
  }

  /** Shares the limits by address with the server's other processes. */
  shareLimits(shared: SharedLimits): void {
    shared.share('connections', this.#perAddress);
    shared.share('waiting', this.#waitingPerAddress);
    shared.share('upgrades', this.#upgrades);
  }

  /** The client's address as limits count it, or why it may not connect. */
  judge(res: HttpResponse, req: HttpRequest, claims: Claims = {}): Verdict {
    return this.judgeRequest(readFacts(res, req), claims);
  }

  /** The same for a request that was already read. */
  judgeRequest(facts: RequestFacts, claims: Claims = {}): Verdict {
    const address = this.addressOf(facts);
    const [origin, host] = [facts.headers.get('origin') ?? '', facts.headers.get('host') ?? ''];
    const now = this.#now();
    const asking = { ...claims, address, origin, host, now };
    const refusal = this.#reasons.find(({ fits }) => fits(asking));
    this.#upgrades.count(address, now);
    if (!refusal) return { address };
    if (refusal.kind === 'origin') this.logPage(origin, host, address);
    else this.#refusals.warn(refusal.kind, address, `Refused a connection: ${refusal.message}`);
    return { refusal };
  }

  /** Logs a page that was refused, with the option that would allow it. */
  logPage(origin: string, host: string, address: string): void {
    const named = printableJson(origin.slice(0, 200));
    const name = printableJson(hostnameOf(host).slice(0, 200));
    const option = this.origins.isOfHost(origin, host)
      ? `--public-host ${name}, under which it called this server,`
      : `--allow-origin ${named}`;
    this.#refusals.warn('origin', address, `Refused a page of origin ${named}; ${option} allows it`);
  }

  /** The address that limits count: behind a trusted proxy, the one that it names. */
  addressOf({ remote, proxied, headers }: RequestFacts): string {
    const forwarded = headers.get('x-forwarded-for') ?? '';
    const believed = this.#options.proxyProtocol ? proxied : '';
    return addressKey(this.#proxies.clientOf(remote, forwarded, believed));
  }

  /**
   * @param remote where the TCP connection comes from
   * @returns false if its address has more than its share of silent connections
   */
  tcpOpened(remote: string): boolean {
    if (this.#proxies.has(remote)) return true;
    const [address, now] = [addressKey(remote), this.#now()];
    if (this.#silent.isExhausted(address, now)) return false;
    this.#silent.count(address, now);
    return true;
  }

  /** The connection sends a request. */
  tcpAsked(remote: string): void {
    if (!this.#proxies.has(remote)) this.#silent.giveBack(addressKey(remote));
  }

  opened(address: string): void {
    this.connections += 1;
    this.#perAddress.add(address);
  }

  closed(address: string): void {
    this.connections -= 1;
    this.#perAddress.remove(address);
  }

  /** A session waits for its client, which was at that address. */
  waits(address: string): void {
    this.#waiting += 1;
    this.#waitingPerAddress.add(address);
  }

  /** The session no longer waits. */
  waitsNoLonger(address: string): void {
    this.#waiting -= 1;
    this.#waitingPerAddress.remove(address);
  }

  /** Whether a session waits for a client that was at that address. */
  isAwaited(address: string): boolean {
    return this.#waitingPerAddress.of(address) > 0;
  }

  /** Whether there is no place left, not even for a client that claims one. */
  get isFull(): boolean {
    const { maxConnections } = this.#options;
    return maxConnections > 0 && this.connections >= maxConnections;
  }

  /**
   * Whether there are more connections than allowed: a client that claims a place is let in above the limit at first.
   */
  isOver(address: string): boolean {
    const { maxConnections, maxConnectionsPerAddress } = this.#options;
    const ofAddress = this.#perAddress.of(address) + this.#waitingPerAddress.of(address);
    return (
      (maxConnections > 0 && this.connections + this.#waiting > maxConnections) ||
      (maxConnectionsPerAddress > 0 && ofAddress > maxConnectionsPerAddress)
    );
  }

  #createReasons() {
    /** Read on every check, since they may change. */
    const options = this.#options;
    /** A client that a session waits for already has one of these places. */
    const waiting = (count: number, { hasPlace }: Claims) => (hasPlace ? 0 : count);
    return [
      {
        kind: 'draining',
        status: '503 Service Unavailable',
        message: 'The server is restarting; try again in a few seconds.',
        // A client that comes back is told when to try again, which a browser can only learn over an open socket.
        fits: ({ isReturning }: Asking) => this.isDraining && !isReturning,
      },
      {
        kind: 'connections',
        status: '503 Service Unavailable',
        message: 'The server is full (--max-connections).',
        fits: (asking: Asking) =>
          options.maxConnections > 0 &&
          this.connections + waiting(this.#waiting, asking) >= options.maxConnections,
      },
      {
        kind: 'upgrades',
        status: '429 Too Many Requests',
        message: 'Your address connects too often (--max-upgrades-per-second).',
        fits: ({ address, now, bringsToken = false }: Asking) =>
          this.#upgrades.isExhausted(address, now) &&
          !(bringsToken && this.#tokensShown.take(now, TOKENS_PER_SECOND, TOKENS_PER_SECOND)),
      },
      {
        kind: 'connections_per_address',
        status: '429 Too Many Requests',
        message: 'Your address has as many clients as it can have (--max-connections-per-address).',
        fits: (asking: Asking) =>
          options.maxConnectionsPerAddress > 0 &&
          this.#perAddress.of(asking.address) + waiting(this.#waitingPerAddress.of(asking.address), asking) >=
            options.maxConnectionsPerAddress,
      },
      {
        kind: 'origin',
        status: '403 Forbidden',
        message:
          'Pages of this origin may not connect (--allow-origin, or --public-host where it is of this server).',
        fits: ({ origin, host }: Asking) => !this.origins.mayConnect(origin, host),
      },
    ];
  }
}
