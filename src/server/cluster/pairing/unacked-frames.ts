/** Messages of one client for another that may have to be said again, elsewhere: what is known of them here. */
import type { ServerPairing, ServerSession } from '../../signaling/sessions.ts';

/** A client's message that the other node does not yet say its client has. */
export interface UnackedFrame {
  /** The number that its sender gave it; undefined for a client that gives none. */
  readonly senderSeq: number | undefined;
  readonly text: string;
}

/** What a client has not confirmed of what its peer said. */
export function framesFor(session: ServerSession, pairing: ServerPairing): readonly UnackedFrame[] {
  return (session.delivery?.unacked ?? [])
    .filter(({ senderSeq, epoch }) => senderSeq !== undefined && epoch === pairing.epoch)
    .map(({ senderSeq, message }) => ({ senderSeq, text: message.toString() }));
}

/** Whether a client has a message of its peer yet to confirm. */
export function isWaitingFor(
  { delivery }: ServerSession,
  { epoch }: ServerPairing,
  senderSeq: number,
): boolean {
  return delivery?.unacked.some((kept) => kept.senderSeq === senderSeq && kept.epoch === epoch) ?? false;
}
