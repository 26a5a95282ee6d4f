/** What the page shows, as encoded in its URL: which record, which line and chart of it, or which list. */
import type { InspectMessage } from '../../protocol/inspect/inspect-messages.ts';

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
  const session = /^session\/([^/]+)$/.exec(path)?.[1];
  if (session) return { view: 'session', id: decoded(session), params };
  const sample = /^sample\/([a-z-]{1,40})$/.exec(path)?.[1];
  if (sample) return { view: 'sample', name: sample, params };
  const room = /^room\/([^/]*)\/([^/]+)$/.exec(path);
  if (room) return { view: 'room', app: decoded(room[1] ?? ''), name: decoded(room[2] ?? ''), params };
  return { view: path === 'file' || path === 'rooms' || path === 'nodes' ? path : 'list', params };
}

/** Whether the message is of use there: an answer may come when the user has gone on to another place. */
export function isFor(place: Place, message: InspectMessage): boolean {
  switch (message.type) {
    case 'record': {
      const { kind, epoch, initiator_id } = message.record.header;
      return kind === 'session' ? isSession(place, initiator_id) : isLive(place, epoch);
    }
    case 'not_found':
      return isLive(place, message.epoch);
    case 'no_session':
      return isSession(place, message.id);
    case 'room':
      return isRoom(place, message.room.app, message.room.name);
    case 'no_room':
      return isRoom(place, message.app, message.room);
    default:
      return true;
  }
}

const isLive = (place: Place, epoch: number) => place.view === 'live' && place.epoch === epoch;
const isSession = (place: Place, id: string) => place.view === 'session' && place.id === id;
const isRoom = (place: Place, app: string, name: string) =>
  place.view === 'room' && place.app === app && place.name === name;

/** What is shown, without how. */
export const pathNow = () => location.hash.split('?')[0];

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
