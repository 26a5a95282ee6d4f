/** What the page says of each state. */
import type { PeerState, SignalingState } from '../client/browser/index.ts';

export const stateWords: { readonly [State in PeerState]: string } = {
  signaling: 'Looking for the server',
  unpaired: 'Ready to pair',
  paired: 'Paired, waiting for their offer',
  offering: 'Paired, sending an offer',
  answering: 'Paired, answering their offer',
  checking: 'Looking for a way to each other',
  connected: 'Connected, from peer to peer',
  restarting: 'The way was lost, looking for another',
  disconnected: 'Not connected',
};

export const signalingWords: { readonly [State in SignalingState]: string } = {
  connecting: 'Connecting to the server',
  online: 'Server online',
  waiting: 'Server offline, trying again',
  lost: 'Server lost, reload the page',
  closed: 'Closed',
};
