/** What the page shows, as encoded in its URL: which record, which line and chart of it, or which list. */

export type Place =
  | { readonly view: 'list'; readonly params: URLSearchParams }
  | {
      readonly view: 'live';
      readonly kind: 'pairing' | 'link';
      readonly epoch: number;
      readonly params: URLSearchParams;
    }
  | { readonly view: 'session'; readonly id: string; readonly params: URLSearchParams }
  | { readonly view: 'rooms' | 'nodes'; readonly params: URLSearchParams }
  | { readonly view: 'room'; readonly app: string; readonly name: string; readonly params: URLSearchParams }
  | { readonly view: 'sample'; readonly name: string; readonly params: URLSearchParams }
  /** Opened from a file or an address, which is not in the hash. */
  | { readonly view: 'file'; readonly params: URLSearchParams };

export function placeIn(hash: string): Place {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?');
  const params = new URLSearchParams(query);
  const live = /^(pairing|link)\/(\d{1,16})$/.exec(path);
  if (live) return { view: 'live', kind: live[1] as 'pairing' | 'link', epoch: Number(live[2]), params };
  const session = /^session\/([^/]{1,256})$/.exec(path)?.[1];
  if (session) return { view: 'session', id: decoded(session), params };
  const sample = /^sample\/([a-z-]{1,40})$/.exec(path)?.[1];
  if (sample) return { view: 'sample', name: sample, params };
  const room = /^room\/([^/]{0,1024})\/([^/]{1,1024})$/.exec(path);
  if (room) return { view: 'room', app: decoded(room[1] ?? ''), name: decoded(room[2] ?? ''), params };
  return { view: path === 'file' || path === 'rooms' || path === 'nodes' ? path : 'list', params };
}

/** Writes values into the URL without a new history entry; empty ones are removed. */
export function rememberInUrl(values: Readonly<Record<string, string>>): void {
  const [path = '#/', query = ''] = (location.hash || '#/').split('?');
  const params = new URLSearchParams(query);
  for (const [name, value] of Object.entries(values)) {
    if (value === '') params.delete(name);
    else params.set(name, value);
  }
  const rest = params.size > 0 ? `?${params}` : '';
  if (`${path}${rest}` !== location.hash) history.replaceState(null, '', `${path}${rest}`);
}

/** Returns the text unchanged if it is not validly encoded. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
