/** What is known of a request before anybody looks at what it asks: where it comes from, and its headers as lists. */
import type { HttpRequest, HttpResponse } from '../http/shell/shell.ts';
import { addressText } from './client-address.ts';
import { hostnameOf, isLoopbackName } from './origins.ts';

export interface RequestFacts {
  /** The address that the socket comes from. */
  readonly remote: string;
  /** Whom a PROXY protocol header in front of the request names; empty when there is none. */
  readonly proxied: string;
  /** By name in lower case. A header in several lines is one list, in their order (RFC 9110 section 5.3). */
  readonly headers: ReadonlyMap<string, string>;
  /** Of all headers together. */
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

/** By name in lower case, and the bytes of all of them. */
export function readHeaders(req: HttpRequest): Pick<RequestFacts, 'headers' | 'headerBytes'> {
  const headers = new Map<string, string>();
  let headerBytes = 0;
  req.forEach((name, value) => {
    // With the colon, the space and the end of the line.
    headerBytes += name.length + value.length + 4;
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  });
  return { headers, headerBytes };
}

/** Headers in which proxies say that they speak for others, and for whom. */
const FORWARDING =
  /^(x-forwarded(-.*)?|forwarded(-.*)?|x-original-.*|via|x-real-ip|x-client-ip|x-cluster-client-ip|x-envoy-.*|x-azure-.*|true-client-ip|cf-.*|cdn-.*|fastly-.*|fly-.*|do-connecting-ip|client-ip)$/;

/** Whether it came through a proxy, which speaks for somebody who need not be where the proxy is. */
export function isForwarded({ headers, proxied }: RequestFacts): boolean {
  return proxied !== '' || [...headers.keys()].some((name) => FORWARDING.test(name));
}

/**
 * Whether it comes from this machine's own people: from a loopback address, through no proxy, for a loopback name,
 * and from no page of another origin.
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

/** Whether a page of another origin sent it, and says so. */
export function isCrossOrigin({ headers }: RequestFacts): boolean {
  const origin = headers.get('origin') ?? '';
  return origin !== '' && origin.replace(/^https?:\/\//, '') !== headers.get('host');
}

/** Whether a page of another site made the browser ask; also true for a link that somebody followed. */
export function isCrossSite({ headers }: RequestFacts): boolean {
  const site = headers.get('sec-fetch-site') ?? '';
  return site !== '' && site !== 'same-origin' && site !== 'none';
}
