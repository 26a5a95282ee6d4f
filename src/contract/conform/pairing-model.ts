/**
 * A model of pairings for a few clients that predicts who hears what. It is written from docs/protocol.md and not from
 * the machines. It is told what a client does, and returns what each client hears.
 */

export type Did =
  | { readonly do: 'ask'; readonly target: number }
  | { readonly do: 'offer' | 'answer' | 'candidate' | 'signal' | 'unpair'; readonly isOld?: boolean }
  | { readonly do: 'report'; readonly state: 'connected' | 'failed'; readonly isOld?: boolean }
  | { readonly do: 'leave' };

/** What a client hears, as far as the model knows: the kind of message, and which client it is about. */
export type Heard =
  | { readonly type: 'paired'; readonly peer: number; readonly isInitiator: boolean }
  | { readonly type: 'offer' | 'answer' | 'candidate' | 'signal' }
  | { readonly type: 'peer_disconnected'; readonly peer: number; readonly reason: string }
  | { readonly type: 'error'; readonly code: string };

interface Pair {
  readonly initiator: number;
  readonly responder: number;
  /** Whether anything was signaled. */
  hasBegun: boolean;
  /** The client whose offer is pending, or was the last one. */
  offerer: number | undefined;
  /** Whether its offer awaits an answer. */
  isOpen: boolean;
  /**
   * A pairing that began with a `signal`, or that the server has restored, is not: the order is not checked until both
   * have reported that they are connected.
   */
  isOrdered: boolean;
  /** Who reported that it is connected, since the last offer. */
  readonly connected: Set<number>;
}

export class PairingModel {
  readonly #level: 'seed' | 'full';
  readonly #here: Set<number>;
  #pairs: Pair[] = [];
  /** By the client that was left: those that may not ask for it now. */
  readonly #leavers = new Map<number, Set<number>>();

  constructor(level: 'seed' | 'full', clients: number) {
    this.#level = level;
    this.#here = new Set(Array.from({ length: clients }, (_, client) => client));
  }

  isHere(client: number): boolean {
    return this.#here.has(client);
  }

  isPaired(client: number): boolean {
    return this.#pairOf(client) !== undefined;
  }

  /** Whether the target has just left the client, which has to wait; for how long depends on a clock. */
  hasToWait(client: number, target: number): boolean {
    return this.#leavers.get(client)?.has(target) === true;
  }

  /** What the server considers the client's pairing to be. */
  phaseOf(client: number): 'paired' | 'negotiating' | 'connected' | undefined {
    const pair = this.#pairOf(client);
    if (!pair?.hasBegun) return pair && 'paired';
    return pair.connected.size === 2 ? 'connected' : 'negotiating';
  }

  /** Equal for two models that do the same from then on, if nobody asks for anybody. */
  get key(): string {
    return JSON.stringify(this.#pairs.map((pair) => ({ ...pair, connected: [...pair.connected].sort() })));
  }

  /** Both came back to a server that knows that they were paired, but not how far they were. */
  restore(initiator: number, responder: number): void {
    this.#begin(initiator, responder);
    Object.assign(this.#pairs.at(-1) as Pair, { hasBegun: true, isOrdered: false });
  }

  /** @returns what each client hears */
  step(client: number, did: Did): Map<number, Heard[]> {
    const heard = new Map<number, Heard[]>();
    const tell = (to: number, what: Heard) => heard.set(to, [...(heard.get(to) ?? []), what]);
    const pair = this.#pairOf(client);
    const peer = pair && (pair.initiator === client ? pair.responder : pair.initiator);
    switch (did.do) {
      case 'ask': {
        const code = this.#refusalOf(client, did.target);
        if (code) tell(client, { type: 'error', code });
        else {
          this.#begin(client, did.target);
          tell(client, { type: 'paired', peer: did.target, isInitiator: true });
          tell(did.target, { type: 'paired', peer: client, isInitiator: false });
        }
        return heard;
      }
      case 'leave':
        this.#here.delete(client);
        if (pair && peer !== undefined) {
          this.#end(pair);
          tell(peer, { type: 'peer_disconnected', peer: client, reason: 'disconnected' });
        }
        return heard;
      default:
    }
    if (!pair || peer === undefined) {
      if (this.#level === 'full') tell(client, { type: 'error', code: 'not_paired' });
      return heard;
    }
    if (did.isOld) return heard;
    switch (did.do) {
      case 'unpair':
        this.#end(pair);
        this.#leavers.set(peer, (this.#leavers.get(peer) ?? new Set()).add(client));
        tell(peer, { type: 'peer_disconnected', peer: client, reason: 'unpaired' });
        return heard;
      // Meant for the server only. While an offer is pending, no connection is up.
      case 'report':
        if (!pair.hasBegun || (pair.isOrdered && pair.isOpen)) return heard;
        if (did.state === 'failed') pair.connected.delete(client);
        else pair.connected.add(client);
        if (pair.connected.size === 2) Object.assign(pair, { isOrdered: true, isOpen: false });
        return heard;
      case 'candidate':
        tell(peer, { type: did.do });
        return heard;
      case 'signal':
        tell(peer, { type: did.do });
        if (!pair.hasBegun) Object.assign(pair, { hasBegun: true, isOrdered: false });
        return heard;
      default: {
        const code = this.outOfOrder(client, did.do);
        if (code) tell(client, { type: 'error', code });
        else tell(peer, { type: did.do });
        if (code) return heard;
        pair.hasBegun = true;
        pair.isOpen = did.do === 'offer';
        if (did.do === 'answer') return heard;
        pair.offerer = client;
        pair.connected.clear();
        return heard;
      }
    }
  }

  /** Why a signal is out of order; undefined if it is relayed. */
  outOfOrder(client: number, type: Did['do']): string | undefined {
    const pair = this.#pairOf(client);
    if (!pair?.isOrdered) return undefined;
    const isOfOther = pair.isOpen && client !== pair.offerer;
    // If both offer at once, the initiator's offer wins; the responder is polite and takes its own back.
    if (type === 'offer') return isOfOther && client === pair.responder ? 'offer_collision' : undefined;
    return type === 'answer' && !isOfOther ? 'no_offer' : undefined;
  }

  /** In the order of docs/protocol.md: the target exists, the asking client is free, the target is free. */
  #refusalOf(client: number, target: number): string | undefined {
    if (!this.#here.has(target)) return 'target_not_found';
    if (client === target) return 'self_pairing';
    if (this.isPaired(client)) return 'already_paired';
    return this.isPaired(target) ? 'target_already_paired' : undefined;
  }

  #begin(initiator: number, responder: number): void {
    const begun = { hasBegun: false, offerer: undefined, isOpen: false, isOrdered: true };
    this.#pairs.push({ initiator, responder, ...begun, connected: new Set() });
  }

  #pairOf(client: number): Pair | undefined {
    return this.#pairs.find(({ initiator, responder }) => initiator === client || responder === client);
  }

  #end(pair: Pair): void {
    this.#pairs = this.#pairs.filter((other) => other !== pair);
  }
}
