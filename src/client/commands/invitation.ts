/** A key as a link to the server's page, and as a QR code of it: whoever scans it is paired. */
import { qrLines } from './qr-code.ts';

const LOOPBACK = /^(127\.|\[::1\]$|localhost$)/;
const ASK_MS = 1_000;

/**
 * @param serverUrl as `--url` has it
 * @returns a link that pairs with whoever made the key; undefined where no other device gets at the server's page
 */
export async function invitationLink(serverUrl: string, key: string): Promise<string | undefined> {
  const page = new URL(serverUrl.replace(/^ws/, 'http'));
  page.search = '';
  const reached = LOOPBACK.test(page.hostname) ? await lanPage(page) : page;
  if (reached) reached.hash = key;
  return reached?.href;
}

/** The address of this machine that others have; its server tells it to those who ask from here. */
async function lanPage(page: URL): Promise<URL | undefined> {
  try {
    const response = await fetch(new URL('site.json', page), { signal: AbortSignal.timeout(ASK_MS) });
    const { lan } = (await response.json()) as { lan?: unknown };
    const first: unknown = Array.isArray(lan) ? lan[0] : undefined;
    return typeof first === 'string' && /^https?:/.test(first) ? new URL(first) : undefined;
  } catch {
    // Another server than ours, or none that has a page.
    return undefined;
  }
}

/** The lines to show for a key on a terminal: the code, and what it leads to. */
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
