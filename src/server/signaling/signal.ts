/** A client's message for its peer, as the core sees it: what it means, and its bytes as received. */
import type { ClientMessageOf, ClientMessageType } from '../../protocol/index.ts';

export type SignalMessage = ClientMessageOf<
  'offer' | 'answer' | 'candidate' | 'signal' | 'report' | 'unpair' | 'reject'
>;

export interface Signal {
  /** Valid only until the handler that received it returns: uWebSockets.js reuses the memory. */
  readonly bytes: Uint8Array;
  readonly message: SignalMessage;
  /** The size to count if the dialect builds the frame later and `bytes` is empty. */
  readonly size?: number;
  /** Which connection it is for, if the two clients have several. */
  readonly connectionId?: string;
}

export const SIGNAL_EVENTS = {
  offer: 'OFFER_RECEIVED',
  answer: 'ANSWER_RECEIVED',
  candidate: 'CANDIDATE_RECEIVED',
  signal: 'SIGNAL_RECEIVED',
  report: 'REPORT_RECEIVED',
  unpair: 'UNPAIR_RECEIVED',
  reject: 'REJECT_RECEIVED',
} as const;

/** Which message an event came from, for the error that answers it. */
export const messageTypeOf: { readonly [event: string]: ClientMessageType } = {
  ...Object.fromEntries(
    Object.entries(SIGNAL_EVENTS).map(([type, event]) => [event, type as ClientMessageType]),
  ),
  PAIR_REQUESTED: 'pair_request',
  KEY_REQUESTED: 'create_key',
  JOIN_REQUESTED: 'join_room',
  LOCK_REQUESTED: 'lock_room',
};

/** Its size in bytes, exact or estimated. */
export function sizeOf({ size, bytes }: Signal): number {
  return size ?? bytes.length;
}

/** Faster than Buffer.toString(). */
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** The signal as text, a copy that may be kept. */
export function textOf({ bytes }: Pick<Signal, 'bytes'>): string {
  return utf8.decode(bytes);
}
