/**
 * Which web pages may connect, and under which names a browser may call this server: decided here for WebSocket,
 * Socket.IO and HTTP alike. A browser sends the page's origin along, and a page cannot forge it; a program sends none,
 * or what it likes, so this protects people who visit a foreign page, not the server.
 * https://www.rfc-editor.org/rfc/rfc6455#section-10.2
 *
 * A page can also make its own name lead to this server's address ("DNS rebinding"), and then is of the server's own
 * origin by its looks. So a name is this server's only if somebody says so.
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

  /** Takes other origins and names from here on. */
  update({ allowOrigin, publicHost }: Pick<OriginOptions, 'allowOrigin' | 'publicHost'>): void {
    this.#allowed = new Set(allowOrigin);
    this.#names = new Set([
      ...publicHost.map((name) => name.toLowerCase()),
      ...allowOrigin.filter((origin) => URL.canParse(origin)).map((origin) => new URL(origin).hostname),
    ]);
  }

  /**
   * True for programs, for this server's own pages, for pages of this machine, and for the origins that are listed.
   * @param origin the `Origin` header; empty when there is none
   * @param host the `Host` header: how the client calls this server
   */
  mayConnect(origin: string, host: string): boolean {
    if (origin === '' || this.#allowed.has('*') || this.#allowed.has(origin)) return true;
    const page = URL.canParse(origin) ? new URL(origin) : undefined;
    if (!page || (page.protocol !== 'http:' && page.protocol !== 'https:')) return false;
    if (isLoopbackName(page.hostname)) return true;
    return this.isOfHost(origin, host) && this.isOwnName(host);
  }

  /** Whether a page is of the very name that it calls this server by, be that one of its names or not. */
  isOfHost(origin: string, host: string): boolean {
    const page = URL.canParse(origin) ? new URL(origin) : undefined;
    return page !== undefined && page.host === withoutDefaultPort(host, page.protocol);
  }

  /** Whether this server answers to that name. @param host the `Host` header */
  isOwnName(host: string): boolean {
    const name = hostnameOf(host);
    if (this.#names.has('*') || this.#names.has(name) || isLoopbackName(name)) return true;
    return !this.#isOnLoopback && isIP(name.replace(/^\[|\]$/g, '')) !== 0;
  }

  /**
   * Whether a request over plain HTTP under that name is answered. A name without a dot is none that a stranger can
   * have in the DNS, and what services in one network call each other.
   */
  isServedName(host: string): boolean {
    return this.isOwnName(host) || /^[a-z0-9_-]+$/.test(hostnameOf(host));
  }

  /** What a page of that origin is told: whether it may read the answer. */
  corsOrigin(origin: string, host: string): string | undefined {
    if (origin === '') return undefined;
    if (this.#allowed.has('*')) return '*';
    return this.mayConnect(origin, host) ? origin : undefined;
  }

  /** The headers with which a browser lets a page of another origin read the answer. */
  corsHeaders(origin: string, host: string): readonly (readonly [string, string])[] {
    const allowed = this.corsOrigin(origin, host);
    return [['vary', 'origin'], ...(allowed ? [['access-control-allow-origin', allowed] as const] : [])];
  }
}

/** How this machine's own people call it. @param name a host name, or an address as URLs have it, without a port */
export function isLoopbackName(name: string): boolean {
  if (name === 'localhost' || name.endsWith('.localhost') || name === '[::1]') return true;
  return isIP(name) === 4 && name.startsWith('127.');
}

/** The name in a `Host` header, in lower case; empty when there is none. */
export function hostnameOf(host: string): string {
  return /^(\[[^\]]*\]|[^:]*)(?::\d*)?$/.exec(host.toLowerCase())?.[1] ?? '';
}

/** Whether nobody but this machine reaches what listens there. @param address as `--host` has it */
function isOnlyOfThisMachine(address: string): boolean {
  return address.startsWith('unix:') || isLoopbackName(address) || isLoopbackName(`[${address}]`);
}

/** `URL` leaves a default port out, and a `Host` header may have it. */
function withoutDefaultPort(host: string, protocol: string): string {
  return host.toLowerCase().replace(protocol === 'https:' ? /:443$/ : /:80$/, '');
}
