/**
 * A client's address: the one that its socket comes from or, behind a trusted proxy, the one that the proxy names. No
 * other claim counts, or every limit by address could be evaded.
 */
import { BlockList, isIP, SocketAddress } from 'node:net';

/** A socket's 16 or 4 address bytes as canonical text; empty if there are none. */
export function addressText(bytes: ArrayBuffer): string {
  const address = Buffer.from(bytes);
  if (address.length === 4) return address.join('.');
  return canonicalAddress(address.toString('hex').match(/.{4}/g)?.join(':') ?? '') ?? '';
}

/**
 * The canonical text of an address: IPv6 as in RFC 5952, without a zone; an IPv4 address mapped into IPv6 as plain
 * IPv4.
 * @returns undefined if the text is not an address
 */
export function canonicalAddress(text: string): string | undefined {
  const [address = ''] = text.split('%');
  const version = isIP(address);
  if (version !== 6) return version === 4 ? address : undefined;
  const canonical = new SocketAddress({ address, family: 'ipv6' }).address;
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(canonical)?.[1] ?? canonical;
}

/** The key that limits count by: an IPv4 address, or the /64 network that an IPv6 host usually has to itself. */
export function addressKey(text: string): string {
  const address = canonicalAddress(text);
  if (!address?.includes(':')) return address ?? text;
  const [before = [], after = []] = address.split('::').map((part) => (part === '' ? [] : part.split(':')));
  const zeros = new Array(8 - before.length - after.length).fill('0');
  return [...before, ...zeros, ...after].slice(0, 4).join(':');
}

/** @returns a line for each entry that is no address, no network as ADDRESS/BITS, and not `unix` */
export function trustProxyProblems(list: readonly string[]): string[] {
  return list
    .filter((entry) => entry !== 'unix' && !parseNetwork(entry))
    .map((entry) => `--trust-proxy: ${entry} is no address and no network (ADDRESS, ADDRESS/BITS, or unix)`);
}

/** The proxies whose word about a client's address is trusted. */
export class TrustedProxies {
  readonly #proxies = new BlockList();
  readonly #hasUnix: boolean;

  /**
   * @param list addresses, networks as ADDRESS/BITS, or `unix` for connections through a Unix socket
   * @throws naming the first entry that is none of these
   */
  constructor(list: readonly string[]) {
    this.#hasUnix = list.includes('unix');
    for (const entry of list.filter((each) => each !== 'unix')) {
      const network = parseNetwork(entry);
      if (!network) throw new Error(trustProxyProblems([entry])[0]);
      this.#proxies.addSubnet(network.address, network.bits, familyOf(network.address));
    }
  }

  /**
   * Whether a connection may come from a trusted proxy. A connection through a Unix socket has no address, and counts
   * as one.
   */
  has(remote: string): boolean {
    return remote === '' || this.#isTrusted(remote);
  }

  /**
   * @param remote where the socket comes from; empty for a Unix socket
   * @param forwarded the `X-Forwarded-For` header, to which each proxy appends the address that it got the request from
   * @param proxied the address from the PROXY protocol; empty if it is not used
   * @returns the last address in the chain that is not a trusted proxy's
   */
  clientOf(remote: string, forwarded: string, proxied = ''): string {
    let client = remote;
    for (const hop of [...(forwarded === '' ? [] : forwarded.split(',')), proxied].reverse()) {
      if (!this.#isTrusted(client)) break;
      if (hop === '') continue;
      const named = canonicalAddress(withoutPort(hop.trim()));
      if (named === undefined) break;
      client = named;
    }
    return client;
  }

  #isTrusted(text: string): boolean {
    if (text === '') return this.#hasUnix;
    const address = canonicalAddress(text);
    return address !== undefined && this.#proxies.check(address, familyOf(address));
  }
}

const MAPPED_BITS = 96;

function parseNetwork(entry: string): { address: string; bits: number } | undefined {
  const [text = '', bits, ...rest] = entry.split('/');
  const address = canonicalAddress(text);
  const most = text.includes(':') ? 128 : 32;
  if (address === undefined || rest.length > 0) return undefined;
  if (bits !== undefined && !(/^\d+$/.test(bits) && Number(bits) <= most)) return undefined;
  // `::ffff:10.0.0.0/104` is 10.0.0.0/8.
  const unmapped = most === 128 && !address.includes(':') ? MAPPED_BITS : 0;
  const left = (bits === undefined ? most : Number(bits)) - unmapped;
  return left < 0 ? undefined : { address, bits: left };
}

/** Some proxies write `[2001:db8::1]:1234` or `192.0.2.1:1234`. */
function withoutPort(hop: string): string {
  const bracketed = /^\[([^\]]+)\](:\d+)?$/.exec(hop)?.[1];
  return bracketed ?? /^(\d+(?:\.\d+){3}):\d+$/.exec(hop)?.[1] ?? hop;
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return address.includes(':') ? 'ipv6' : 'ipv4';
}
