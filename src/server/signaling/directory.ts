/** Who can be asked for here: sessions by their ids, the owners of keys, and the other nodes for everybody else. */
import type { StepQueue } from '../../machines/index.ts';
import type { MemberLeftReason } from '../../protocol/index.ts';
import { AddressRate } from '../admission/address-limits.ts';
import { noOtherNodes, type OtherNodes } from './other-nodes.ts';
import { PairingKeys } from './pairing-keys.ts';
import type { ServerSession } from './session.ts';

/** Told when sessions come and go, by parts that keep something for each session. */
export interface SessionWatcher {
  /** The session is at this node from now on: it is new, or came from another node. */
  opened?(session: ServerSession): void;
  /**
   * The session is over.
   * @param reason undefined when the whole server stops, and nobody is told
   */
  ended(session: ServerSession, reason: MemberLeftReason | undefined): void;
  /** The session has moved to another node. */
  moved(session: ServerSession): void;
}

export class Directory {
  readonly sessions = new Map<string, ServerSession>();
  readonly keys: PairingKeys<ServerSession>;
  /** Counts wrong keys by address. */
  readonly guesses: AddressRate;
  #otherNodes = noOtherNodes;
  readonly #watchers: SessionWatcher[] = [];

  /** @param maxKeyGuessesPerMinute by one address; 0: no limit */
  constructor(queue: StepQueue, maxKeyGuessesPerMinute: number) {
    this.keys = new PairingKeys(queue);
    this.guesses = new AddressRate(maxKeyGuessesPerMinute / 60, maxKeyGuessesPerMinute);
  }

  get otherNodes(): OtherNodes {
    return this.#otherNodes;
  }

  /** Makes this server one node of a cluster. */
  joinNodes(otherNodes: OtherNodes): void {
    this.#otherNodes = otherNodes;
  }

  watchSessions(watcher: SessionWatcher): void {
    this.#watchers.push(watcher);
  }

  opened(session: ServerSession): void {
    this.sessions.set(session.id, session);
    for (const watcher of this.#watchers) watcher.opened?.(session);
  }

  /**
   * The session is over.
   * @param reason undefined when the whole server stops, and nobody is told
   */
  ended(session: ServerSession, reason: MemberLeftReason | undefined): void {
    this.#remove(session);
    for (const watcher of this.#watchers) watcher.ended(session, reason);
  }

  /** The session has moved to another node. */
  moved(session: ServerSession): void {
    this.#remove(session);
    for (const watcher of this.#watchers) watcher.moved(session);
  }

  /** Forgets a session and its keys. */
  #remove(session: ServerSession): void {
    // A newer session may have taken over the id.
    if (this.sessions.get(session.id) === session) this.sessions.delete(session.id);
    this.keys.forgetAllOf(session);
  }
}
