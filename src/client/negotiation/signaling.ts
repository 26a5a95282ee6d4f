/** What a negotiation needs of its signaling, be it a WebSocket to a Pairlane server or a game's own socket. */
import type { ClientMessageOf } from '../../protocol/index.ts';
import type { PairlaneError } from '../peer/errors.ts';
import type { PeerEventOf } from './negotiator-events.ts';

/** What goes to the peer, or tells the server how the negotiation stands. */
export type Signal = ClientMessageOf<
  'offer' | 'answer' | 'candidate' | 'signal' | 'report' | 'unpair' | 'inspect' | 'evidence'
>;

/** The way out; what comes in goes to {@link Negotiator.heard}. */
export interface Signaling {
  /** Looks for a way to the server: `WELCOMED` or `SOCKET_LOST` follows, perhaps before it returns. */
  open(): void;
  /** Gives that up, to be opened again. */
  drop(): void;
  /** Ends it for good. */
  close(): void;
  /** Fulfilled when everything is released. */
  closed(): Promise<void>;
  /** Never throws; where there is no way now, the signal waits or is lost. */
  send(signal: Signal): void;
}

export interface Loss {
  readonly mayReturn: boolean;
  readonly reason: string;
  /** When the server, which is restarted, wants us back; undefined: it did not say. */
  readonly afterMs: number | undefined;
  /** Why the server wants us no more, where it said so. */
  readonly error?: PairlaneError | undefined;
}

export type WelcomedEvent = PeerEventOf<'WELCOMED'>;
export type PairedEvent = PeerEventOf<'PAIRED'>;

/** What comes in, as an event of the negotiation's machine. */
export type SignalingEvent =
  | WelcomedEvent
  | PairedEvent
  | PeerEventOf<'PEER_DISCONNECTED'>
  | PeerSignal
  | ({ readonly type: 'SOCKET_LOST' } & Loss);

/** What the peer's user signals for a connection of his own, which is no matter of the negotiation. */
export interface OwnSignal {
  readonly type: 'SIGNAL_RECEIVED';
  readonly data: unknown;
  readonly epoch?: number | undefined;
}

/** What the peer signals. Its `epoch` says in which pairing; undefined: in the only one there is. */
export type PeerSignal =
  | PeerEventOf<'OFFER_RECEIVED'>
  | PeerEventOf<'ANSWER_RECEIVED'>
  | PeerEventOf<'CANDIDATE_RECEIVED'>;
