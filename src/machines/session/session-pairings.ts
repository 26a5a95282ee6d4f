/** What a session's machine knows of its pairings, and what follows from that. */
import type { PairingOfSession, PairingPhase, SessionEvent } from './session-events.ts';

/** The pairings after what one of them told; the same where it told nothing of them. */
export function pairingsAfter(
  pairings: readonly PairingOfSession[],
  event: SessionEvent,
): readonly PairingOfSession[] {
  switch (event.type) {
    case 'PAIRED': {
      const { epoch, peerId } = event;
      return [...pairings.filter((other) => other.epoch !== epoch), { epoch, peerId, phase: 'paired' }];
    }
    case 'NEGOTIATION_STARTED':
      return withPhase(pairings, event.epoch, 'negotiating');
    case 'CONNECTED':
      return withPhase(pairings, event.epoch, 'connected');
    case 'UNPAIRED':
      return pairings.filter(({ epoch }) => epoch !== event.epoch);
    default:
      return pairings;
  }
}

/** Where a session with these pairings is: connected only when all of them are. */
export function phaseOf(pairings: readonly PairingOfSession[]): PairingPhase | 'unpaired' {
  if (pairings.length === 0) return 'unpaired';
  if (pairings.every(({ phase }) => phase === 'connected')) return 'connected';
  return pairings.some(({ phase }) => phase === 'negotiating') ? 'negotiating' : 'paired';
}

function withPhase(
  pairings: readonly PairingOfSession[],
  epoch: number,
  phase: PairingPhase,
): readonly PairingOfSession[] {
  return pairings.map((pairing) => (pairing.epoch === epoch ? { ...pairing, phase } : pairing));
}
