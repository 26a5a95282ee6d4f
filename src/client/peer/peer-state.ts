/** A peer's state in one word, from the leaves of its machine's two regions. */
import type { Hosted, NegotiationContext } from '../../machines/index.ts';

export type PeerState =
  /** On the way to the server, for the first time or again. */
  | 'signaling'
  | 'unpaired'
  /** The other one offers. */
  | 'paired'
  | 'offering'
  | 'answering'
  | 'checking'
  | 'connected'
  | 'restarting'
  /** We leave the pairing; what was accepted for the peer arrives first. */
  | 'draining'
  /** Closed, or without peer and server for good. */
  | 'disconnected';

type Pairing =
  | 'expecting'
  | Extract<PeerState, 'offering' | 'answering' | 'checking' | 'connected' | 'restarting' | 'draining'>;

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

/** The peer-to-peer connection counts first: it goes on without the server. */
export function stateOf(value: Hosted<NegotiationContext>['value']): PeerState {
  const open = openValueOf(value);
  if (!open) return value === '' ? 'signaling' : 'disconnected';
  if (open.connection === 'unpaired') return ofSignaling[open.signaling];
  const { paired } = open.connection;
  return paired === 'expecting' ? 'paired' : paired;
}

export function signalingStateOf(value: Hosted<NegotiationContext>['value']): SignalingState {
  return openValueOf(value)?.signaling ?? (value === '' ? 'connecting' : 'closed');
}

function openValueOf(value: Hosted<NegotiationContext>['value']): OpenValue | undefined {
  return typeof value === 'object' ? (value.open as unknown as OpenValue) : undefined;
}
