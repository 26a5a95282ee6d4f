/** Messages of one client for another that may have to be said again, elsewhere: what is known of them here. */
import type { ServerPairing, ServerSession } from '../../signaling/sessions.ts';

/** A client's message that the other node does not yet say its client has. */
export interface PassedFrame {
  /** The number that its sender gave it; undefined for a client that gives none. */
  readonly origin: number | undefined;
  readonly text: string;
}

/** What a client has not confirmed of what its peer said. */
export function framesFor(session: ServerSession, pairing: ServerPairing): readonly PassedFrame[] {
  return (session.delivery?.waiting ?? [])
    .filter(({ origin, epoch }) => origin !== undefined && epoch === pairing.epoch)
    .map(({ origin, message }) => ({ origin, text: message.toString() }));
}

/** Whether a client has a message of its peer yet to confirm. */
export function isWaitingFor({ delivery }: ServerSession, { epoch }: ServerPairing, origin: number): boolean {
  return delivery?.waiting.some((kept) => kept.origin === origin && kept.epoch === epoch) ?? false;
}
