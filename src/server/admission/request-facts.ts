/** What is known about a request before its route is chosen: where it comes from, and its headers. */
import type { HttpRequest, HttpResponse } from '../http/shell/shell.ts';
import { addressText } from './client-address.ts';
import { hostnameOf, isLoopbackName } from './origins.ts';
import type { UpgradeRequest } from './tokens/authenticator.ts';
import { withoutParameter } from './tokens/offered-token.ts';

export interface RequestFacts {
  /** The address that the socket comes from. */
  readonly remote: string;
  /** The address from a PROXY protocol header in front of the request; empty if there is none. */
  readonly proxied: string;
  /**
   * By name in lower case. The values of a repeated header are joined into one list, in order (RFC 9110 section 5.3).
   */
  readonly headers: ReadonlyMap<string, string>;
  /** The size of all headers. */
  readonly headerBytes: number;
}

export function readFacts(res: HttpResponse, req: HttpRequest): RequestFacts {
  const { headers, headerBytes } = readHeaders(req);
  return {
    remote: addressText(res.getRemoteAddress()),
    proxied: addressText(res.getProxiedRemoteAddress()),
    headers,
    headerBytes,
  };
}

/** The headers by name in lower case, and their size in bytes. */
export function readHeaders(req: HttpRequest): Pick<RequestFacts, 'headers' | 'headerBytes'> {
  const headers = new Map<string, string>();
  let headerBytes = 0;
  req.forEach((name, value) => {
    // Includes the colon, the space and the line end.
    headerBytes += name.length + value.length + 4;
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  });
  return { headers, headerBytes };
}

/**
 * The request for a decider that looks at more than a token.
 * @param secret a parameter that its URL shall not have
 */
export function upgradeRequestOf(req: HttpRequest, secret?: string): UpgradeRequest {
  const query = req.getQuery() ?? '';
  const shown = secret === undefined ? query : withoutParameter(query, secret);
  return { url: `${req.getUrl()}${shown ? `?${shown}` : ''}`, headers: readHeaders(req).headers };
}

/** Headers that proxies add to say for whom they send a request. */
const FORWARDING =
  /^(x-forwarded(-.*)?|forwarded(-.*)?|x-original-.*|via|x-real-ip|x-client-ip|x-cluster-client-ip|x-envoy-.*|x-azure-.*|true-client-ip|cf-.*|cdn-.*|fastly-.*|fly-.*|do-connecting-ip|client-ip)$/;

/** Whether the request came through a proxy: its sender need not be where the proxy is. */
export function isForwarded({ headers, proxied }: RequestFacts): boolean {
  return proxied !== '' || [...headers.keys()].some((name) => FORWARDING.test(name));
}

/**
 * Whether the request was made on this machine: from a loopback address, through no proxy, for a loopback name, and
 * from no page of another origin.
 */
export function isLocal(facts: RequestFacts): boolean {
  const { remote, headers } = facts;
  const isFromHere = remote === '::1' || isLoopbackName(remote);
  return (
    isFromHere &&
    !isForwarded(facts) &&
    isLoopbackName(hostnameOf(headers.get('host') ?? '')) &&
    !isCrossOrigin(facts)
  );
}

/** Whether a page of another origin sent it, according to its `Origin` header. */
export function isCrossOrigin({ headers }: RequestFacts): boolean {
  const origin = headers.get('origin') ?? '';
  return origin !== '' && origin.replace(/^https?:\/\//, '') !== headers.get('host');
}

/** Whether a page of another site caused the request; also true for a link that somebody followed. */
export function isCrossSite({ headers }: RequestFacts): boolean {
  const site = headers.get('sec-fetch-site') ?? '';
  return site !== '' && site !== 'same-origin' && site !== 'none';
}
