/** The effects of a remote player's machine: a line or two each, to the negotiation or to the game. */

import type {
  Executors,
  Hosted,
  NegotiationFailure,
  RemotePlayerEvent,
  remotePlayerMachine,
} from '../../machines/index.ts';
import { PairlaneError } from '../peer/errors.ts';

/** With the reason why a negotiation was given up, which the machine does not need. */
export type PlayerEvent =
  | Exclude<RemotePlayerEvent, { type: 'GAVE_UP' }>
  | { type: 'GAVE_UP'; failure: NegotiationFailure | 'internal' };

/** The reason for a peer that is replaced by a newer connection; the game is told only about the new one. */
export const REPLACED = 'replaced';

/** The negotiation with the player, as a pairing that begins and ends. */
export interface PlayerPairing {
  /** Whether our id is the lower one: then we offer. */
  readonly isLower: boolean;
  begin(isInitiator: boolean): void;
  end(reason: string): void;
}

/** What the game is told about the player. */
export interface PlayerHandlers {
  readonly opened: () => void;
  readonly closed: () => void;
  readonly failed: (error: PairlaneError) => void;
}

export function remotePlayerEffects(
  pairing: PlayerPairing,
  handlers: PlayerHandlers,
): Executors<typeof remotePlayerMachine, Hosted<Record<string, never>>, PlayerEvent> {
  return {
    pairAsAsked: () => pairing.begin(pairing.isLower),
    pairAsOffered: () => pairing.begin(false),
    endPairing: () => pairing.end('disconnected'),
    replacePairing: () => pairing.end(REPLACED),
    announceOpened: () => handlers.opened(),
    announceClosed: () => handlers.closed(),
    announceFailure: (_, event) =>
      handlers.failed(new PairlaneError(event.type === 'GAVE_UP' ? event.failure : 'peer_gone')),
  };
}
