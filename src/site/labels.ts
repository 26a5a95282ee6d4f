/** The page's words for each state, for people who have never heard of signaling. */
import type {
  ConnectionStats,
  PairlaneError,
  PeerErrorCode,
  PeerState,
  SignalingState,
} from '../client/browser/index.ts';

export const stateWords: { readonly [State in PeerState]: string } = {
  signaling: 'Looking for the server',
  unpaired: 'Ready to pair',
  paired: 'Found each other, getting ready',
  offering: 'Found each other, getting ready',
  answering: 'Found each other, getting ready',
  checking: 'Looking for a way to each other',
  connected: 'Connected with each other',
  restarting: 'The way was lost, looking for another',
  draining: 'Sending the last messages',
  disconnected: 'Not connected',
};

export const signalingWords: { readonly [State in SignalingState]: string } = {
  connecting: 'Connecting to the server',
  online: 'Server online',
  waiting: 'Server offline, trying again',
  lost: 'Server lost, reload the page',
  closed: 'Closed',
};

/** `direct, 12 ms` */
export function wayWords({ path, rttMs }: ConnectionStats): string {
  if (path === undefined) return '';
  const way = path === 'relay' ? 'through a relay' : 'direct';
  return rttMs === undefined ? way : `${way}, ${rttMs < 10 ? rttMs.toFixed(1) : Math.round(rttMs)} ms`;
}

/** It is not known yet whether connecting will work; another network is what helps most often. */
export const SLOW_HINT =
  'This takes longer than usual. A company or guest network may be in the way: if you can, let one of you use another network, such as a phone’s.';

export const NO_WAY_FOUND = 'No way to each other was found.';

/** @param hasTurn whether the server offers TURN */
export function noWayWords(hasTurn: boolean): string {
  const start =
    'Your two networks let nothing through to each other. Let one of you use another network, such as a phone’s';
  return hasTurn
    ? `${start}. The relay of this server was out of reach, too: if it happens elsewhere as well, tell whoever runs this server.`
    : `${start}, or ask whoever runs this server to add a relay (TURN).`;
}

const noWay: ReadonlySet<PeerErrorCode> = new Set(['connection_failed', 'connection_timeout']);

/** The page's words for mistakes that people make; other errors already say what to do. */
const problemWords: { readonly [Code in PeerErrorCode]?: string } = {
  key_not_found: 'There is no such key. It may be used up or too old: ask for a new one.',
  target_not_found: 'Nobody with that key or id is here just now.',
  target_already_paired: 'They are paired with somebody else just now.',
  already_paired: 'You are paired with somebody already.',
  peer_gone: 'They left before the two of you were connected.',
  answer_timeout: 'They do not answer. Their page may be in the background: ask them to open it again.',
  offer_timeout: 'They do not answer. Their page may be in the background: ask them to open it again.',
  self_pairing: 'That is your own. Open the link on another device, or in another tab.',
  rejected: 'They did not want to be connected.',
  just_left: 'They have just left you. Ask them for a new key.',
  too_many_key_guesses: 'That was too often. Wait a minute, and try again.',
  unavailable: 'Part of the server is out of reach just now. Try again in a minute.',
  timeout: 'The server did not answer. Try again.',
  not_online: 'The server is out of reach just now. Try again when it is back.',
  not_open: 'You are not connected with each other yet.',
  too_large_to_send: 'That is too long for one message. Send it in parts.',
};

export function problemOf(error: PairlaneError, hasTurn: boolean): string {
  return noWay.has(error.code) ? noWayWords(hasTurn) : (problemWords[error.code] ?? error.message);
}
