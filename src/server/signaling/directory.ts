/** Who can be asked for here: sessions by their ids, whoever made a key, and the other nodes for everybody else. */
import { AddressRate } from '../admission/rate-limits.ts';
import { noOtherNodes, type OtherNodes } from './other-nodes.ts';
import { PairingKeys } from './pairing-keys.ts';
import type { ServerSession } from './session.ts';

export class Directory {
  readonly sessions = new Map<string, ServerSession>();
  readonly keys = new PairingKeys<ServerSession>();
  /** Wrong keys by address. */
  readonly guesses: AddressRate;
  #otherNodes = noOtherNodes;

  /** @param maxKeyGuessesPerMinute of one address; 0: no limit */
  constructor(maxKeyGuessesPerMinute: number) {
    this.guesses = new AddressRate(maxKeyGuessesPerMinute / 60, maxKeyGuessesPerMinute);
  }

  get otherNodes(): OtherNodes {
    return this.#otherNodes;
  }

  /** From here on this server is one node of several. */
  joinNodes(otherNodes: OtherNodes): void {
    this.#otherNodes = otherNodes;
  }

  /** A session is here no longer, and neither are its keys. */
  remove(session: ServerSession): void {
    this.sessions.delete(session.id);
    this.keys.forgetAllOf(session);
  }
}
