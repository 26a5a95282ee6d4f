/**
 * Who a client is, as far as its address says: the one that its socket comes from, or behind a proxy that we trust,
 * the one that the proxy names. Nobody else's word for an address counts, or every limit by address could be dodged.
 */
import { BlockList, isIP } from 'node:net';

const MAPPED_PREFIX = '0000:0000:0000:0000:0000:ffff:';

/** All 16 or 4 bytes as text that {@link addressKey} and a {@link BlockList} can read. */
export function addressText(bytes: ArrayBuffer): string {
  const address = Buffer.from(bytes);
  if (address.length === 4) return address.join('.');
  const groups = address.toString('hex').match(/.{4}/g) ?? [];
  const text = groups.join(':');
  return text.startsWith(MAPPED_PREFIX) ? address.subarray(12).join('.') : text;
}

/** The same of an address that uWebSockets.js gave as text, which it always writes out in full. */
export function plainAddress(text: string): string {
  return text.startsWith(MAPPED_PREFIX)
    ? Buffer.from(text.slice(MAPPED_PREFIX.length).replace(':', ''), 'hex').join('.')
    : text;
}

/** Whom a limit counts: an IPv4 address, or the /64 that an IPv6 host has to itself. */
export function addressKey(text: string): string {
  if (!text.includes(':')) return text;
  const [head = '', tail] = text.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length;
  const groups = [...before, ...new Array(Math.max(0, zeros)).fill('0'), ...after];
  return groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}

/** The proxies whose `X-Forwarded-For` is believed. */
export class TrustedProxies {
  readonly #proxies = new BlockList();
  readonly #isEmpty: boolean;

  /**
   * @param list addresses, or networks as ADDRESS/BITS
   * @throws with the one that is neither
   */
  constructor(list: readonly string[]) {
    this.#isEmpty = list.length === 0;
    for (const entry of list) {
      const [address = '', bits] = entry.split('/');
      const family = familyOf(address);
      const most = family === 'ipv6' ? 128 : 32;
      if (!family || (bits !== undefined && !(/^\d+$/.test(bits) && Number(bits) <= most)))
        throw new Error(`--trust-proxy: ${entry} is no address and no network (ADDRESS or ADDRESS/BITS)`);
      this.#proxies.addSubnet(address, bits === undefined ? most : Number(bits), family);
    }
  }

  /**
   * @param remote where the socket comes from
   * @param forwarded the `X-Forwarded-For` header: each proxy appends whom it got the request from
   * @returns the last address in the chain that is not a trusted proxy's
   */
  clientOf(remote: string, forwarded: string): string {
    if (this.#isEmpty || forwarded === '') return remote;
    let client = remote;
    for (const hop of forwarded.split(',').reverse()) {
      if (!this.#isTrusted(client)) break;
      const named = plain(hop.trim());
      if (!familyOf(named)) break;
      client = named;
    }
    return client;
  }

  #isTrusted(address: string): boolean {
    const family = familyOf(address);
    return family !== undefined && this.#proxies.check(address, family);
  }
}

/** Some proxies write `[2001:db8::1]:1234`, or `192.0.2.1:1234`. */
function plain(hop: string): string {
  const bracketed = /^\[([^\]]+)\](:\d+)?$/.exec(hop)?.[1];
  return bracketed ?? /^(\d+(?:\.\d+){3}):\d+$/.exec(hop)?.[1] ?? hop;
}

function familyOf(address: string): 'ipv4' | 'ipv6' | undefined {
  const version = isIP(address);
  return version === 4 ? 'ipv4' : version === 6 ? 'ipv6' : undefined;
}
