/** A message of a client for its peer, as the core has it: what it means, and its bytes as they came. */
import type { ClientMessageOf, ClientMessageType } from '../../protocol/index.ts';

export type SignalMessage = ClientMessageOf<
  'offer' | 'answer' | 'candidate' | 'signal' | 'report' | 'unpair' | 'reject'
>;

export interface Signal {
  /** Good only until the handler that got it returns: uWebSockets.js takes the memory back. */
  readonly bytes: Uint8Array;
  readonly message: SignalMessage;
  /** How many bytes count for it, where its dialect makes the frame later, and `bytes` has none. */
  readonly size?: number;
  /** Which of several connections of the two it is for; left out, there is only one. */
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

/** How many bytes it takes, or about. */
export function sizeOf({ size, bytes }: Signal): number {
  return size ?? bytes.length;
}

/** Faster than a Buffer's toString. */
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** The signal as text, which may be kept. */
export function textOf({ bytes }: Pick<Signal, 'bytes'>): string {
  return utf8.decode(bytes);
}
