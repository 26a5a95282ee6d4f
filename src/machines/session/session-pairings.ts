/** What a session's machine knows about its pairings, and what follows from that. */
import type { PairingOfSession, PairingPhase, SessionEvent } from './session-events.ts';

/** Shared by the many sessions that have none. */
export const NO_PAIRINGS: readonly PairingOfSession[] = [];

/** The pairings after an event about one of them; the same array if the event is not about any. */
export function pairingsAfter(
  pairings: readonly PairingOfSession[],
  event: SessionEvent,
): readonly PairingOfSession[] {
  switch (event.type) {
    case 'PAIRED': {
      const { epoch, peerId } = event;
      const others = without(pairings, epoch);
      const paired: PairingOfSession = { epoch, peerId, phase: 'paired' };
      // A spread array has room for sixteen more, and most sessions never have a second one.
      return others.length === 0 ? [paired] : [...others, paired];
    }
    case 'NEGOTIATION_STARTED':
      return withPhase(pairings, event.epoch, 'negotiating');
    case 'CONNECTED':
      return withPhase(pairings, event.epoch, 'connected');
    case 'UNPAIRED':
      return without(pairings, event.epoch);
    default:
      return pairings;
  }
}

/** The phase of a session with these pairings: connected only if all of them are. */
export function phaseOf(pairings: readonly PairingOfSession[]): PairingPhase | 'unpaired' {
  if (pairings.length === 0) return 'unpaired';
  if (pairings.every(({ phase }) => phase === 'connected')) return 'connected';
  return pairings.some(({ phase }) => phase === 'negotiating') ? 'negotiating' : 'paired';
}

function without(pairings: readonly PairingOfSession[], epoch: number): readonly PairingOfSession[] {
  if (pairings.length === 0) return NO_PAIRINGS;
  const others = pairings.filter((pairing) => pairing.epoch !== epoch);
  return others.length === 0 ? NO_PAIRINGS : others;
}

function withPhase(
  pairings: readonly PairingOfSession[],
  epoch: number,
  phase: PairingPhase,
): readonly PairingOfSession[] {
  return pairings.map((pairing) => (pairing.epoch === epoch ? { ...pairing, phase } : pairing));
}
