/**
 * Which web pages may connect. A browser sends the page's origin along, and a page cannot forge it; a program sends
 * none, or what it likes, so this protects people who visit a foreign page, not the server.
 * https://www.rfc-editor.org/rfc/rfc6455#section-10.2
 */

/**
 * True for programs, for pages from this server or from this machine, and for the origins that are listed.
 * @param origin the `Origin` header; empty when there is none
 * @param host the `Host` header: how the client calls this server
 * @param allowed what `--allow-origin` lists; `*` allows all
 */
export function isAllowedOrigin(origin: string, host: string, allowed: readonly string[]): boolean {
  if (origin === '' || allowed.includes('*') || allowed.includes(origin)) return true;
  const page = URL.canParse(origin) ? new URL(origin) : undefined;
  if (!page || (page.protocol !== 'http:' && page.protocol !== 'https:')) return false;
  return page.host === withoutDefaultPort(host, page.protocol) || isLocal(page.hostname);
}

function isLocal(hostname: string): boolean {
  return ['localhost', '127.0.0.1', '[::1]'].includes(hostname) || hostname.endsWith('.localhost');
}

/** `URL` leaves a default port out, and a `Host` header may have it. */
function withoutDefaultPort(host: string, protocol: string): string {
  return host.toLowerCase().replace(protocol === 'https:' ? /:443$/ : /:80$/, '');
}
