/**
 * File descriptors: how many the process may have, the connection limits that fit into them, and whether some are left.
 * Each connection is one; without any, uWebSockets.js tries to accept the next connection again and again.
 */
import { closeSync, openSync, readFileSync } from 'node:fs';
import { devNull } from 'node:os';

/** For the program's own files, records, log, bus and health checks, and for the inspector's sockets. */
const RESERVED = 64;
/** What HTTP gets at most of the rest: it is short-lived, clients stay. */
const HTTP_SHARE = 0.25;

interface ConnectionLimits {
  readonly maxConnections: number;
  readonly maxHttpConnections: number;
}

/** @returns how many descriptors this process may have; undefined: nothing limits them, or nothing tells */
export function descriptorLimit(): number | undefined {
  try {
    const found = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return found === undefined ? undefined : Number(found);
  } catch {
    return undefined;
  }
}

/**
 * Lowers the limits, of which 0 is none, to what the process has descriptors for.
 * @param descriptors those that it may have; undefined: as many as it likes
 */
export function fitConnectionLimits<Limits extends ConnectionLimits>(
  limits: Limits,
  descriptors: number | undefined,
): Limits {
  if (descriptors === undefined) return limits;
  const left = Math.max(2, descriptors - RESERVED, Math.floor(descriptors / 2));
  const [clients, http] = [limits.maxConnections, limits.maxHttpConnections].map(
    (limit) => limit || Number.POSITIVE_INFINITY,
  ) as [number, number];
  if (clients + http <= left) return limits;
  const maxHttpConnections = Math.min(http, Math.max(1, Math.floor(left * HTTP_SHARE), left - clients));
  return { ...limits, maxHttpConnections, maxConnections: Math.min(clients, left - maxHttpConnections) };
}

/** Whether so many descriptors can be had at once; asks by taking them and giving them back. */
export function areDescriptorsLeft(count: number): boolean {
  const taken: number[] = [];
  try {
    while (taken.length < count) taken.push(openSync(devNull, 'r'));
    return true;
  } catch (error) {
    // This process has as many as it may have, or the whole machine. Anything else says nothing of descriptors.
    return !['EMFILE', 'ENFILE'].includes((error as NodeJS.ErrnoException).code ?? '');
  } finally {
    for (const descriptor of taken) closeSync(descriptor);
  }
}
