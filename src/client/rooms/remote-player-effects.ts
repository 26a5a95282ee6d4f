/** What the effects of a remote player's machine do: a line or two each, to the negotiation or to the game. */

import type {
  Executors,
  Hosted,
  NegotiationFailure,
  RemotePlayerEvent,
  remotePlayerMachine,
} from '../../machines/index.ts';
import type { SignalingEvent } from '../negotiation/signaling.ts';
import { PairlaneError } from '../peer/errors.ts';

/** With why a negotiation was given up, which the machine need not know. */
export type PlayerEvent =
  | Exclude<RemotePlayerEvent, { type: 'GAVE_UP' }>
  | { type: 'GAVE_UP'; failure: NegotiationFailure | 'internal' };

/** Why a peer is gone that a newer connection takes the place of: the game is told of that one only. */
export const REPLACED = 'replaced';

export interface RemotePlayerEffectDeps {
  readonly heard: (event: SignalingEvent) => void;
  /** @param isInitiator whether we offer */
  readonly pair: (isInitiator: boolean) => void;
  readonly isLower: boolean;
  readonly opened: () => void;
  readonly closed: () => void;
  readonly failed: (error: PairlaneError) => void;
}

export function remotePlayerEffects(
  deps: RemotePlayerEffectDeps,
): Executors<typeof remotePlayerMachine, Hosted<Record<string, never>>, PlayerEvent> {
  return {
    pairAsAsked: () => deps.pair(deps.isLower),
    pairAsOffered: () => deps.pair(false),
    endPairing: () => deps.heard({ type: 'PEER_DISCONNECTED', reason: 'disconnected' }),
    replacePairing: () => deps.heard({ type: 'PEER_DISCONNECTED', reason: REPLACED }),
    announceOpened: () => deps.opened(),
    announceClosed: () => deps.closed(),
    announceFailure: (_, event) =>
      deps.failed(new PairlaneError(event.type === 'GAVE_UP' ? event.failure : 'peer_gone')),
  };
}
