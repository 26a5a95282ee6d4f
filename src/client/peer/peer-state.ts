/** A peer's state in one word, derived from the two regions of its machine. */
import type { Hosted, NegotiationContext } from '../../machines/without-xstate.ts';

export type PeerState =
  /** Connecting to the server, for the first time or again. */
  | 'signaling'
  | 'unpaired'
  /** Waiting for the other peer's offer. */
  | 'paired'
  | 'offering'
  | 'answering'
  | 'checking'
  | 'connected'
  | 'restarting'
  /** Leaving the pairing, once everything accepted for the peer has arrived. */
  | 'draining'
  /** Closed, or without peer and server for good. */
  | 'disconnected';

/** The state of one connection; `disconnected`: it is over. */
export type ConnectionState = Exclude<PeerState, 'signaling' | 'unpaired'>;

type Pairing = 'expecting' | Exclude<ConnectionState, 'paired' | 'disconnected'>;

interface OpenValue {
  readonly signaling: 'connecting' | 'online' | 'waiting' | 'lost';
  readonly connection: 'unpaired' | { readonly paired: Pairing };
}

export type SignalingState = OpenValue['signaling'] | 'closed';

const ofSignaling = {
  connecting: 'signaling',
  waiting: 'signaling',
  online: 'unpaired',
  lost: 'disconnected',
} as const;

/** The peer connection takes precedence, because it goes on without the server. */
export function stateOf(value: Hosted<NegotiationContext>['value']): PeerState {
  const open = openValueOf(value);
  if (!open) return value === '' ? 'signaling' : 'disconnected';
  return connectionStateOf(value) ?? ofSignaling[open.signaling];
}

/** @returns undefined while there is no pairing */
export function connectionStateOf(value: Hosted<NegotiationContext>['value']): ConnectionState | undefined {
  const connection = openValueOf(value)?.connection;
  if (connection === undefined || connection === 'unpaired') return undefined;
  return connection.paired === 'expecting' ? 'paired' : connection.paired;
}

export function signalingStateOf(value: Hosted<NegotiationContext>['value']): SignalingState {
  return openValueOf(value)?.signaling ?? (value === '' ? 'connecting' : 'closed');
}

function openValueOf(value: Hosted<NegotiationContext>['value']): OpenValue | undefined {
  return typeof value === 'object' ? (value.open as unknown as OpenValue) : undefined;
}
