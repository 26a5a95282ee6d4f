/** By which URLs others in the same network reach a server, as far as this machine knows. */
import { networkInterfaces } from 'node:os';
import { bracketed, listenAddresses } from '../common/listen-address.ts';

/** What listens on one of these listens on all addresses of this machine. */
const ANY: ReadonlySet<string> = new Set(['0.0.0.0', '::', '[::]']);
const LOOPBACK = /^(127\.|::1$|localhost$)/;
/** A machine with many containers has many more, and nobody reads them. */
const MAX_SHOWN = 4;

type Interfaces = ReturnType<typeof networkInterfaces>;

/**
 * @param hosts where it listens, as `--host` has them
 * @param interfaces of this machine
 * @returns hosts as they stand in a URL; none where only this machine reaches it
 */
export function lanHosts(hosts: readonly string[], interfaces: Interfaces = networkInterfaces()): string[] {
  const own = Object.values(interfaces)
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, address }) => !internal && !address.startsWith('fe80:'));
  const found = listenAddresses(hosts).flatMap((address) => {
    if (address.kind === 'unix' || LOOPBACK.test(address.host)) return [];
    if (!ANY.has(address.host)) return [address.host];
    // What people type is the shorter one; IPv6 only where there is nothing else.
    const families = ['IPv4', ...(address.host === '0.0.0.0' ? [] : ['IPv6'])];
    const [first = []] = families
      .map((family) => own.filter((one) => one.family === family).map((one) => one.address))
      .filter(({ length }) => length > 0);
    return first;
  });
  return [...new Set(found)].slice(0, MAX_SHOWN).map(bracketed);
}
