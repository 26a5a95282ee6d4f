/** Who can be asked for here: sessions by their ids, whoever made a key, and the other nodes for everybody else. */
import type { StepQueue } from '../../machines/index.ts';
import type { MemberLeftReason } from '../../protocol/index.ts';
import { AddressRate } from '../admission/address-limits.ts';
import { noOtherNodes, type OtherNodes } from './other-nodes.ts';
import { PairingKeys } from './pairing-keys.ts';
import type { ServerSession } from './session.ts';

/** Who has something of a session's that is to go with it. */
export interface SessionWatcher {
  /** It is here from now on: it is new, or came from another node. */
  opened?(session: ServerSession): void;
  /** It is over. @param reason undefined when the whole server leaves, and nobody is told */
  ended(session: ServerSession, reason: MemberLeftReason | undefined): void;
  /** Another node has it. */
  moved(session: ServerSession): void;
}

export class Directory {
  readonly sessions = new Map<string, ServerSession>();
  readonly keys: PairingKeys<ServerSession>;
  /** Wrong keys by address. */
  readonly guesses: AddressRate;
  #otherNodes = noOtherNodes;
  readonly #watchers: SessionWatcher[] = [];

  /** @param maxKeyGuessesPerMinute of one address; 0: no limit */
  constructor(queue: StepQueue, maxKeyGuessesPerMinute: number) {
    this.keys = new PairingKeys(queue);
    this.guesses = new AddressRate(maxKeyGuessesPerMinute / 60, maxKeyGuessesPerMinute);
  }

  get otherNodes(): OtherNodes {
    return this.#otherNodes;
  }

  /** From here on this server is one node of several. */
  joinNodes(otherNodes: OtherNodes): void {
    this.#otherNodes = otherNodes;
  }

  watchSessions(watcher: SessionWatcher): void {
    this.#watchers.push(watcher);
  }

  /** A session is here from now on. */
  opened(session: ServerSession): void {
    this.sessions.set(session.id, session);
    for (const watcher of this.#watchers) watcher.opened?.(session);
  }

  /** A session is over. @param reason undefined when the whole server leaves, and nobody is told */
  ended(session: ServerSession, reason: MemberLeftReason | undefined): void {
    this.#remove(session);
    for (const watcher of this.#watchers) watcher.ended(session, reason);
  }

  /** Another node has it. */
  moved(session: ServerSession): void {
    this.#remove(session);
    for (const watcher of this.#watchers) watcher.moved(session);
  }

  /** A session is here no longer, and neither are its keys. */
  #remove(session: ServerSession): void {
    // Its id may be another's by now.
    if (this.sessions.get(session.id) === session) this.sessions.delete(session.id);
    this.keys.forgetAllOf(session);
  }
}
