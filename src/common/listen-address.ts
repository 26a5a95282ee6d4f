/** Where a server listens: addresses of TCP, and files that are Unix sockets. */
import { isIP } from 'node:net';
import { formatAddress } from './address.ts';

export type ListenAddress =
  | { readonly kind: 'tcp'; readonly host: string }
  | { readonly kind: 'unix'; readonly path: string };

const UNIX = 'unix:';
/** What a socket's address has room for, with the zero at its end (sun_path). */
const MAX_UNIX_PATH_BYTES = 107;

/** @param text `127.0.0.1`, `::1`, `[::1]`, a host name, or `unix:/path`; undefined for what is none of them */
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

/** Those that {@link parseListenAddress} knows. */
export function listenAddresses(texts: readonly string[]): ListenAddress[] {
  return texts.map(parseListenAddress).filter((address) => address !== undefined);
}

/** The hosts of TCP among them; this machine alone where there is none, for what needs a port. */
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

/** A host as it stands in a URL. */
export function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
