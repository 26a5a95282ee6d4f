/** What the page says of each state. */
import type { PairlaneError, PeerErrorCode, PeerState, SignalingState } from '../client/browser/index.ts';

export const stateWords: { readonly [State in PeerState]: string } = {
  signaling: 'Looking for the server',
  unpaired: 'Ready to pair',
  paired: 'Paired, waiting for their offer',
  offering: 'Paired, sending an offer',
  answering: 'Paired, answering their offer',
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

/** What the page says of errors that people make; the others say themselves what to do. */
const problemWords: { readonly [Code in PeerErrorCode]?: string } = {
  key_not_found: 'There is no such key. It may be used up or too old: ask for a new one.',
  target_not_found: 'Nobody with that key or id is here just now.',
  target_already_paired: 'They are paired with somebody else just now.',
  self_pairing: 'That is your own. Open the link on another device, or in another tab.',
};

export function problemOf(error: PairlaneError): string {
  return problemWords[error.code] ?? error.message;
}
