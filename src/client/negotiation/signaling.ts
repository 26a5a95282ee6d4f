/** What a negotiation needs of its signaling, whether a WebSocket to a Pairlane server or a game's own socket. */
import type { ClientMessageOf } from '../../protocol/index.ts';
import type { PairlaneError } from '../peer/errors.ts';
import type { PeerEventOf } from './negotiator-events.ts';

/** What is sent to the peer, or tells the server about the negotiation. */
export type Signal = ClientMessageOf<
  'offer' | 'answer' | 'candidate' | 'signal' | 'report' | 'unpair' | 'inspect' | 'evidence'
>;

/** The outgoing side; incoming events go to {@link Negotiator.heard}. */
export interface Signaling {
  /** Connects to the server: `WELCOMED` or `SOCKET_LOST` follows, possibly before this returns. */
  open(): void;
  /** Gives the connection up, to be opened again. */
  drop(): void;
  /** Closes it for good. */
  close(): void;
  /** Resolves when everything is released. */
  closed(): Promise<void>;
  /** Never throws; without a connection, the signal waits or is lost. */
  send(signal: Signal): void;
}

export interface Loss {
  readonly mayReturn: boolean;
  readonly reason: string;
  /** When the restarting server wants us back; undefined if it did not say. */
  readonly afterMs: number | undefined;
  /** Why the server does not want us back, if it said so. */
  readonly error?: PairlaneError | undefined;
}

export type WelcomedEvent = PeerEventOf<'WELCOMED'>;
export type PairedEvent = PeerEventOf<'PAIRED'>;

/** Incoming messages, as events of the negotiation's machine. */
export type SignalingEvent =
  | WelcomedEvent
  | PairedEvent
  | PeerEventOf<'PEER_DISCONNECTED'>
  | PeerSignal
  | ({ readonly type: 'SOCKET_LOST' } & Loss);

/** A signal of the peer's user for a connection of their own, which does not concern the negotiation. */
export interface OwnSignal {
  readonly type: 'SIGNAL_RECEIVED';
  readonly data: unknown;
  readonly epoch?: number | undefined;
}

/** A signal of the peer. Its `epoch` names the pairing; undefined: the only one. */
export type PeerSignal =
  | PeerEventOf<'OFFER_RECEIVED'>
  | PeerEventOf<'ANSWER_RECEIVED'>
  | PeerEventOf<'CANDIDATE_RECEIVED'>;
