/** Records that do not come from the server's feed: dropped files, and addresses. */
import { MAX_RECORD_CHARS } from '../records/record.ts';

/** Its message says what to do. */
export class FetchError extends Error {}

/** Opens a file that is dropped anywhere on the page. */
export function acceptDrops(open: (file: File) => void): void {
  addEventListener('dragover', (event) => event.preventDefault());
  addEventListener('drop', (event) => {
    event.preventDefault();
    const [file] = event.dataTransfer?.files ?? [];
    if (file) open(file);
  });
}

/** @throws {FetchError} when no record can be read */
export async function fetchRecord(address: string): Promise<string> {
  let url: URL;
  try {
    url = new URL(address, location.href);
  } catch {
    throw new FetchError(`?record=${address} is no address.`);
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw new FetchError('A record is fetched by http or https only.');
  try {
    const response = await fetch(url, { credentials: 'omit', referrerPolicy: 'no-referrer' });
    if (!response.ok) throw new FetchError(`${url.host} answered ${response.status} instead of a record.`);
    return await boundedText(response, url.host);
  } catch (error) {
    if (error instanceof FetchError) throw error;
    throw new FetchError(`The record could not be fetched from ${url.host}: it must allow this page (CORS).`);
  }
}

async function boundedText(response: Response, host: string): Promise<string> {
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  let text = '';
  for (;;) {
    const part = await reader?.read();
    if (!part || part.done) return text;
    text += decoder.decode(part.value, { stream: true });
    if (text.length <= MAX_RECORD_CHARS) continue;
    await reader?.cancel();
    throw new FetchError(`What ${host} sent is larger than 16 MiB.`);
  }
}
