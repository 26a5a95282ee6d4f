/** An HTTP request of our own, of whose answer no more is read than is wanted. It follows no redirect. */

export interface BoundedAnswer {
  readonly status: number;
  readonly text: string;
  /** Of the answer's header; empty when there is none. */
  readonly cacheControl: string;
}

/**
 * @param maxBytes of the answer's body; a longer one is an error
 * @throws when there is no answer, it is too long, or the signal is aborted; without an address, for its message may go
 * to the log
 */
export async function fetchBounded(url: string, init: RequestInit, maxBytes: number): Promise<BoundedAnswer> {
  try {
    return await fetchAll(url, init, maxBytes);
  } catch (error) {
    const { cause } = error as { cause?: { code?: unknown } };
    // A request that cannot be made has its address in its message, that of a connection in the message of its cause.
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

/** Whether what we send and are told there can be read by nobody on the way: TLS, or this machine itself. `fetch` takes no password. */
export function isPrivateUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  if (username !== '' || password !== '') return false;
  if (protocol === 'https:') return true;
  return protocol === 'http:' && /^(localhost|.+\.localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);
}
