/**
 * File descriptors: how many the process may have, the connection limits that fit, and whether some are left. Each
 * connection takes one; when none is left, uWebSockets.js tries to accept the next connection again and again.
 */
import { closeSync, openSync, readFileSync } from 'node:fs';
import { devNull } from 'node:os';

/** For the program's own files, records, log, bus and health checks, and for the inspector's sockets. */
const RESERVED = 64;
/** HTTP's share of the rest, at most: its connections are short-lived, while clients stay. */
const HTTP_SHARE = 0.25;

interface ConnectionLimits {
  readonly maxConnections: number;
  readonly maxHttpConnections: number;
}

/** @returns how many descriptors this process may have; undefined if they are unlimited, or the limit is unknown */
export function descriptorLimit(): number | undefined {
  try {
    const found = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return found === undefined ? undefined : Number(found);
  } catch {
    return undefined;
  }
}

/**
 * Lowers the limits to what the process has descriptors for; a limit of 0 means no limit.
 * @param descriptors how many it may have; undefined: unlimited
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

/** Whether this many descriptors are available now; finds out by opening and closing them. */
export function areDescriptorsLeft(count: number): boolean {
  const taken: number[] = [];
  try {
    while (taken.length < count) taken.push(openSync(devNull, 'r'));
    return true;
  } catch (error) {
    // The process or the whole machine has reached its limit. Other errors say nothing about descriptors.
    return !['EMFILE', 'ENFILE'].includes((error as NodeJS.ErrnoException).code ?? '');
  } finally {
    for (const descriptor of taken) closeSync(descriptor);
  }
}
