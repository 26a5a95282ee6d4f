/** A key as a link to the server's page, and as a QR code: whoever opens it is paired. */
import { qrLines } from './qr-code.ts';

const LOOPBACK = /^(127\.|\[::1\]$|localhost$)/;
const ASK_MS = 1_000;

/**
 * @param serverUrl as in `--url`
 * @returns a link that pairs with the key's owner; undefined if no other device can reach the server's page
 */
export async function invitationLink(serverUrl: string, key: string): Promise<string | undefined> {
  const page = new URL(serverUrl.replace(/^ws/, 'http'));
  page.search = '';
  const reached = LOOPBACK.test(page.hostname) ? await lanPage(page) : page;
  if (reached) reached.hash = key;
  return reached?.href;
}

/** This machine's address in the network, which its server tells to requests from this machine. */
async function lanPage(page: URL): Promise<URL | undefined> {
  try {
    const response = await fetch(new URL('site.json', page), { signal: AbortSignal.timeout(ASK_MS) });
    const { lan } = (await response.json()) as { lan?: unknown };
    const first: unknown = Array.isArray(lan) ? lan[0] : undefined;
    return typeof first === 'string' && /^https?:/.test(first) ? new URL(first) : undefined;
  } catch {
    // Not one of our servers, or one without a page.
    return undefined;
  }
}

/** The lines to show for a key on a terminal: the QR code, and the link. */
export async function invitationLines(
  serverUrl: string,
  key: string,
  output: { readonly isTTY?: boolean; readonly columns?: number },
): Promise<string[]> {
  if (output.isTTY !== true) return [];
  const link = await invitationLink(serverUrl, key);
  if (link === undefined) return [];
  const code = await qrLines(link, output);
  const fits = (code[0] ?? '').length <= (output.columns ?? 0);
  return [...(fits ? code : []), `    ${link}`];
}
