/** What the page says of each state. */
import type { PairlaneError, PeerErrorCode, PeerState, SignalingState } from '../client/browser/index.ts';

export const stateWords: { readonly [State in PeerState]: string } = {
  signaling: 'Looking for the server',
  unpaired: 'Ready to pair',
  paired: 'Found each other, getting ready',
  offering: 'Found each other, getting ready',
  answering: 'Found each other, getting ready',
  checking: 'Looking for a way to each other',
  connected: 'Connected peer to peer',
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

/** Nobody knows by now whether it will work; what helps most often is another network. */
export const SLOW_HINT =
  'This takes longer than usual. A company or guest network may be in the way: if you can, let one of you use another network, such as a phone’s.';

const NO_WAY =
  'Your two networks let nothing through to each other. Let one of you use another network, such as a phone’s, or ask whoever runs this server to add a relay (TURN).';

/** What the page says of errors that people make; the others say themselves what to do. */
const problemWords: { readonly [Code in PeerErrorCode]?: string } = {
  key_not_found: 'There is no such key. It may be used up or too old: ask for a new one.',
  target_not_found: 'Nobody with that key or id is here just now.',
  target_already_paired: 'They are paired with somebody else just now.',
  peer_gone: 'They left before the two of you were connected.',
  connection_failed: NO_WAY,
  connection_timeout: NO_WAY,
  answer_timeout: 'They do not answer. Their page may be in the background: ask them to open it again.',
  offer_timeout: 'They do not answer. Their page may be in the background: ask them to open it again.',
  self_pairing: 'That is your own. Open the link on another device, or in another tab.',
};

export function problemOf(error: PairlaneError): string {
  return problemWords[error.code] ?? error.message;
}
