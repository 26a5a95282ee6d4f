/**
 * Which web pages may connect, and under which names a browser may call this server; the same rules for WebSocket,
 * Socket.IO and HTTP. A browser sends the page's origin, which a page cannot forge; a program sends none, or what it
 * likes. So this protects people who visit a hostile page, not the server.
 * https://www.rfc-editor.org/rfc/rfc6455#section-10.2
 *
 * A page can also make its own name resolve to this server's address ("DNS rebinding"), so that it seems to have the
 * server's own origin. So a name counts as this server's only if it is configured.
 */
import { isIP } from 'node:net';
import type { ServerOptions } from '../options.ts';

type OriginOptions = Pick<ServerOptions, 'host' | 'allowOrigin' | 'publicHost'>;

export class Origins {
  #allowed: ReadonlySet<string> = new Set();
  #names: ReadonlySet<string> = new Set();
  readonly #isOnLoopback: boolean;

  constructor(options: OriginOptions) {
    this.#isOnLoopback = options.host.every(isOnlyOfThisMachine);
    this.update(options);
  }

  /** Replaces the allowed origins and names. */
  update({ allowOrigin, publicHost }: Pick<OriginOptions, 'allowOrigin' | 'publicHost'>): void {
    this.#allowed = new Set(allowOrigin.map(asBrowsersWrite));
    this.#names = new Set([
      ...publicHost.map((name) => name.toLowerCase()),
      ...allowOrigin.filter((origin) => URL.canParse(origin)).map((origin) => new URL(origin).hostname),
    ]);
  }

  /**
   * True for programs, this server's own pages, pages of this machine, and the configured origins.
   * @param origin the `Origin` header; empty if there is none
   * @param host the `Host` header: the name under which the client calls this server
   */
  mayConnect(origin: string, host: string): boolean {
    if (origin === '' || this.#allowed.has('*') || this.#allowed.has(origin)) return true;
    const page = URL.canParse(origin) ? new URL(origin) : undefined;
    if (!page || (page.protocol !== 'http:' && page.protocol !== 'https:')) return false;
    if (isLoopbackName(page.hostname)) return true;
    return this.isOfHost(origin, host) && this.isOwnName(host);
  }

  /**
   * Whether a page has the same name that it calls this server by, whether or not that is one of the server's names.
   */
  isOfHost(origin: string, host: string): boolean {
    const page = URL.canParse(origin) ? new URL(origin) : undefined;
    return page !== undefined && page.host === withoutDefaultPort(host, page.protocol);
  }

  /**
   * Whether the name is one of this server's.
   * @param host the `Host` header
   */
  isOwnName(host: string): boolean {
    const name = hostnameOf(host);
    if (this.#names.has('*') || this.#names.has(name) || isLoopbackName(name)) return true;
    return !this.#isOnLoopback && isIP(name.replace(/^\[|\]$/g, '')) !== 0;
  }

  /**
   * Whether a plain HTTP request under that name is answered. A name without a dot is also accepted: no stranger can
   * have one in the DNS, and services in one network use such names.
   */
  isServedName(host: string): boolean {
    return this.isOwnName(host) || /^[a-z0-9_-]+$/.test(hostnameOf(host));
  }

  /** The value for `Access-Control-Allow-Origin`; undefined if a page of that origin may not read the answer. */
  corsOrigin(origin: string, host: string): string | undefined {
    if (origin === '') return undefined;
    if (this.#allowed.has('*')) return '*';
    return this.mayConnect(origin, host) ? origin : undefined;
  }

  /** The headers that let a page of another origin read the answer. */
  corsHeaders(origin: string, host: string): readonly (readonly [string, string])[] {
    const allowed = this.corsOrigin(origin, host);
    return [['vary', 'origin'], ...(allowed ? [['access-control-allow-origin', allowed] as const] : [])];
  }
}

/** An origin without its final slash; of a web page also in lower case, and without a port that goes without saying. */
function asBrowsersWrite(origin: string): string {
  const isOfWeb = /^https?:/i.test(origin) && URL.canParse(origin);
  return isOfWeb ? new URL(origin).origin : origin.replace(/\/$/, '');
}

/**
 * Whether it is a name for this machine.
 * @param name a host name, or an address as in a URL, without a port
 */
export function isLoopbackName(name: string): boolean {
  if (name === 'localhost' || name.endsWith('.localhost') || name === '[::1]') return true;
  return isIP(name) === 4 && name.startsWith('127.');
}

/** The name in a `Host` header, in lower case; empty if there is none. */
export function hostnameOf(host: string): string {
  return /^(\[[^\]]*\]|[^:]*)(?::\d*)?$/.exec(host.toLowerCase())?.[1] ?? '';
}

/**
 * Whether only this machine can reach what listens there.
 * @param address as `--host` has it
 */
function isOnlyOfThisMachine(address: string): boolean {
  return address.startsWith('unix:') || isLoopbackName(address) || isLoopbackName(`[${address}]`);
}

/** `URL` leaves a default port out, but a `Host` header may contain it. */
function withoutDefaultPort(host: string, protocol: string): string {
  return host.toLowerCase().replace(protocol === 'https:' ? /:443$/ : /:80$/, '');
}
