/** An outgoing HTTP request that reads no more of the answer than allowed, and follows no redirect. */

export interface BoundedAnswer {
  readonly status: number;
  readonly text: string;
  /** The answer's `Cache-Control` header; empty if there is none. */
  readonly cacheControl: string;
}

/**
 * @param maxBytes of the answer's body; a longer one is an error
 * @throws when there is no answer, it is too long, or the signal is aborted; the message contains no address, since it
 * may be logged
 */
export async function fetchBounded(url: string, init: RequestInit, maxBytes: number): Promise<BoundedAnswer> {
  try {
    return await fetchAll(url, init, maxBytes);
  } catch (error) {
    const { cause } = error as { cause?: { code?: unknown } };
    // An invalid request has its address in the error's message; a failed connection has it in the message of the
    // cause.
    if (cause === undefined)
      throw (error as Error).name === 'TypeError' ? new Error('the request cannot be made') : error;
    throw new Error(`there is no answer (${typeof cause.code === 'string' ? cause.code : 'no connection'})`);
  }
}

async function fetchAll(url: string, init: RequestInit, maxBytes: number): Promise<BoundedAnswer> {
  const response = await fetch(url, { ...init, redirect: 'manual' });
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    // Leaving the loop cancels the body, and with it the connection.
    if (bytes > maxBytes) throw new Error(`the answer has more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  const cacheControl = response.headers.get('cache-control') ?? '';
  return { status: response.status, text: Buffer.concat(chunks).toString(), cacheControl };
}

/**
 * Whether nobody on the way can read what is sent there: TLS, or this machine itself. A URL with a password is
 * rejected, because `fetch` does not accept one.
 */
export function isPrivateUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  if (username !== '' || password !== '') return false;
  if (protocol === 'https:') return true;
  return protocol === 'http:' && /^(localhost|.+\.localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);
}
