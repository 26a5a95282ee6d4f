/** Parses `--nats`: the broker's address, and the credentials in the URL, which no error may repeat. */
import { BusError } from '../bus-errors.ts';

export interface NatsAddress {
  /** `host:port`; several if the broker is a cluster. */
  readonly servers: string[];
  readonly isTls: boolean;
  readonly user?: string;
  readonly pass?: string;
  readonly token?: string;
}

const DEFAULT_PORT = 4222;
export const DEFAULT_NATS_PREFIX = 'pairlane';
const EXAMPLE = 'like nats://127.0.0.1:4222, nats://USER:PASSWORD@HOST, nats://TOKEN@HOST or tls://HOST';

/**
 * @param url one URL, or several separated by commas; the credentials of the first apply to all
 * @throws {BusError}
 */
export function parseNatsUrl(url: string): NatsAddress {
  const urls = url.split(',').map((part) => readUrl(part.trim()));
  const [first] = urls as [URL];
  const isTls = first.protocol === 'tls:';
  if (urls.some(({ protocol }) => protocol !== first.protocol))
    throw new BusError('--nats: all URLs should begin with nats://, or all with tls://');
  const servers = urls.map(({ hostname, port }) => `${hostname}:${port || DEFAULT_PORT}`);
  const [name, password] = [decode(first.username), decode(first.password)];
  if (!name) return { servers, isTls };
  return password ? { servers, isTls, user: name, pass: password } : { servers, isTls, token: name };
}

/** @throws {BusError} if the prefix cannot begin a subject */
export function checkNatsPrefix(prefix: string): void {
  if (!/^[\w-]+(\.[\w-]+)*$/.test(prefix))
    throw new BusError('--nats-prefix: should be of letters, digits, - and _, with dots between');
}

function readUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !['nats:', 'tls:'].includes(url.protocol) || !url.hostname || !/^\/?$/.test(url.pathname))
    throw new BusError(
      `--nats: should be a URL, ${EXAMPLE}. In a name or password, write @ : / % as %40 %3A %2F %25`,
    );
  return url;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new BusError('--nats: in a name or password, write % as %25');
  }
}
