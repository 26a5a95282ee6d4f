/** The URLs by which others in the same network can reach a server, as far as this machine knows. */
import { networkInterfaces } from 'node:os';
import { bracketed, listenAddresses } from '../common/listen-address.ts';

/** Listening on one of these means listening on all addresses of this machine. */
const ANY: ReadonlySet<string> = new Set(['0.0.0.0', '::', '[::]']);
const LOOPBACK = /^(127\.|::1$|localhost$)/;
/** A machine with many containers has many more, and nobody reads them. */
const MAX_SHOWN = 4;

type Interfaces = ReturnType<typeof networkInterfaces>;

/**
 * @param hosts where it listens, as in `--host`
 * @param interfaces of this machine
 * @returns hosts as in a URL; none if only this machine can reach the server
 */
export function lanHosts(hosts: readonly string[], interfaces: Interfaces = networkInterfaces()): string[] {
  const own = Object.values(interfaces)
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, address }) => !internal && !address.startsWith('fe80:'));
  const found = listenAddresses(hosts).flatMap((address) => {
    if (address.kind === 'unix' || LOOPBACK.test(address.host)) return [];
    if (!ANY.has(address.host)) return [address.host];
    // IPv4 is shorter to type; IPv6 is shown only if there is nothing else.
    const families = ['IPv4', ...(address.host === '0.0.0.0' ? [] : ['IPv6'])];
    const [first = []] = families
      .map((family) => own.filter((one) => one.family === family).map((one) => one.address))
      .filter(({ length }) => length > 0);
    return first;
  });
  return [...new Set(found)].slice(0, MAX_SHOWN).map(bracketed);
}
