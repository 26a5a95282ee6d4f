/** Brings two clients together without either of them asking; whoever asks is answered by its own machine instead. */
import type { PairingDetails, Party } from './pairing.ts';
import type { Pairings } from './pairings.ts';
import { Seat } from './seat.ts';
import { ServerSession } from './session.ts';

/** Why two clients are not brought together. */
export type PairObstacle = 'already_paired' | 'no_free_seat';

/**
 * @param initiator a client of this node, or the party that stands for one of another
 * @param responder the same
 * @param details what they are told of how it came about
 * @param epoch the one that another node gave it; by default the next one
 * @returns what stands in the way; undefined when they are paired
 */
export function pairClients(
  pairings: Pairings,
  initiator: ServerSession | Party,
  responder: ServerSession | Party,
  details: PairingDetails = {},
  epoch?: number,
): PairObstacle | undefined {
  const here = [initiator, responder].filter((one) => one instanceof ServerSession);
  const arePaired = here.some((one) => one.isPairedWith(one === initiator ? responder.id : initiator.id));
  if (initiator.id === responder.id || arePaired) return 'already_paired';
  if (!here.every((one) => one.hasFreeSeat)) return 'no_free_seat';
  const seatOf = (one: ServerSession | Party) => (one instanceof ServerSession ? new Seat(one) : one);
  pairings.form(seatOf(initiator), seatOf(responder), details, epoch);
  return undefined;
}
