/** Where a server listens: TCP addresses, and Unix sockets. */
import { isIP } from 'node:net';
import { formatAddress } from './address.ts';

export type ListenAddress =
  | { readonly kind: 'tcp'; readonly host: string }
  | { readonly kind: 'unix'; readonly path: string };

const UNIX = 'unix:';
/** The longest path that fits into a socket's address with its terminating zero (sun_path). */
const MAX_UNIX_PATH_BYTES = 107;

/**
 * @param text `127.0.0.1`, `::1`, `[::1]`, a host name, or `unix:/path`
 * @returns undefined if it is none of these
 */
export function parseListenAddress(text: string): ListenAddress | undefined {
  if (text.startsWith(UNIX)) {
    const path = text.slice(UNIX.length);
    const isPath = path.startsWith('/') && !path.includes('\0') && !path.endsWith('/');
    return isPath && Buffer.byteLength(path) <= MAX_UNIX_PATH_BYTES ? { kind: 'unix', path } : undefined;
  }
  const host = /^\[(.*)\]$/.exec(text)?.[1] ?? text;
  if (host !== text && isIP(host) !== 6) return undefined;
  return isIP(host) !== 0 || /^[\w.-]+$/.test(host) ? { kind: 'tcp', host } : undefined;
}

/** The valid addresses among the texts; see {@link parseListenAddress}. */
export function listenAddresses(texts: readonly string[]): ListenAddress[] {
  return texts.map(parseListenAddress).filter((address) => address !== undefined);
}

/** The TCP hosts among the addresses; the loopback address if there is none, for parts that need a port. */
export function tcpHosts(texts: readonly string[]): readonly [string, ...string[]] {
  const [first = '127.0.0.1', ...others] = listenAddresses(texts).flatMap((address) =>
    address.kind === 'tcp' ? [address.host] : [],
  );
  return [first, ...others];
}

/** As people write it: `[::1]:8765`, `unix:/run/pairlane.sock`. */
export function textOf(address: ListenAddress, port: number): string {
  return address.kind === 'unix' ? `${UNIX}${address.path}` : formatAddress({ host: address.host, port });
}

/** A host as it is written in a URL. */
export function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
