/**
 * Pairs two clients without a request from either. A request is answered by the asking client's own machine instead.
 */
import type { PairingDetails, Party } from './pairing.ts';
import type { Pairings } from './pairings.ts';
import { Seat } from './seat.ts';
import { ServerSession } from './session.ts';

/** Why two clients cannot be paired. */
export type PairObstacle = 'already_paired' | 'no_free_seat';

/**
 * @param initiator a client of this node, or the party that stands for a client of another node
 * @param responder likewise
 * @param details what the clients are told about how the pairing came about
 * @param epoch the one that another node chose; by default the next one
 * @returns why they cannot be paired; undefined when they are paired
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
