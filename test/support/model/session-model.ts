/**
 * What a client and its peers hear of its session: a model written from docs/protocol.md, not from the machines. It is told
 * what the client, its peers, the server and the clock do.
 */

export type PairTargetOfModel =
  | 'self'
  | 'peer'
  | 'left'
  | 'taken'
  | 'unknown'
  | 'unknown_key'
  | 'guessed_too_often';

export type SessionDid =
  | { readonly do: 'ask'; readonly target: PairTargetOfModel }
  /** A signal, or what ends a pairing, that names none. */
  | { readonly do: 'signal' | 'key' | 'pong' | 'vanish' | 'goodbye' | 'return' }
  /** It is paired with a peer, offers, both report that they are connected after the peer's answer, the peer unpairs. */
  | { readonly do: 'pair' | 'offer' | 'connect' | 'part'; readonly peer: number }
  | { readonly do: 'shut'; readonly code: number }
  | { readonly do: 'wait'; readonly until: 'pingInterval' | 'pingTimeout' | 'resumeGrace' };

export interface Told {
  readonly own?: string;
  /** Every peer, or that one. */
  readonly peers?: string;
  readonly peer?: readonly [number, string];
  /** The code that its socket is closed with. */
  readonly closed?: number;
}

type Phase = 'paired' | 'negotiating' | 'connected';
const MAX_KEYS = 16;

/** What the clock can bring, by the state of the socket. */
const waits = {
  'online.heard': 'pingInterval',
  'online.pinged': 'pingTimeout',
  away: 'resumeGrace',
  drained: undefined,
} as const;

export class SessionModel {
  readonly #isResumable: boolean;
  readonly #maxPeers: number;
  readonly #phases = new Map<number, Phase>();
  #socket: 'online.heard' | 'online.pinged' | 'away' | 'drained' = 'online.heard';
  #isOver = false;
  #keys = 0;

  constructor(isResumable: boolean, maxPeers: number) {
    this.#isResumable = isResumable;
    this.#maxPeers = maxPeers;
  }

  /** What people call the state that it is in. */
  get state(): object | 'disconnected' {
    if (this.#isOver) return 'disconnected';
    return { pairings: this.#pairings, socket: this.#socket };
  }

  get isPinged(): boolean {
    return this.#socket === 'online.pinged';
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /**
   * Equal for two models that do the same from then on, by whatever numbers their peers go. How many keys it has made is left
   * out: whoever walks the model makes as many as a move needs.
   */
  get key(): string {
    return JSON.stringify([this.#isOver, this.#socket, [...this.#phases.values()].sort()]);
  }

  /** Whether it can happen in this state. What the client says to a peer is a matter of the pairing, and of its model. */
  can(did: SessionDid): boolean {
    const phase = 'peer' in did ? this.#phases.get(did.peer) : undefined;
    // A server that is about to restart has told all it has to tell.
    if (this.#isOver || this.#socket === 'drained') return false;
    if (did.do === 'return') return this.#isResumable;
    if (did.do === 'wait') return did.until === waits[this.#socket];
    if (this.#socket === 'away') return false;
    switch (did.do) {
      case 'pong':
      case 'vanish':
      case 'goodbye':
      case 'shut':
        return true;
      case 'part':
        return phase !== undefined;
      default:
        // Any message answers a ping: one of them is enough.
        return !this.isPinged && this.#canSay(did, phase);
    }
  }

  #canSay(did: SessionDid, phase: Phase | undefined): boolean {
    switch (did.do) {
      case 'pair':
        return phase === undefined && this.#phases.size < this.#maxPeers;
      case 'offer':
        return phase === 'paired' || phase === 'connected';
      case 'connect':
        return phase === 'negotiating';
      case 'signal':
        // With one peer it is clear whom it is for.
        return this.#phases.size !== 1;
      case 'ask':
        if (did.target === 'left') return this.#phases.size < this.#maxPeers;
        return did.target !== 'peer' || this.#phases.size > 0;
      default:
        return true;
    }
  }

  step(did: SessionDid): Told {
    switch (did.do) {
      case 'ask':
        return { own: `error ${this.#refusalOf(did.target)}` };
      case 'signal':
        return { own: this.#phases.size === 0 ? 'error not_paired' : 'error ambiguous_pairing' };
      case 'key':
        this.#keys += 1;
        return { own: this.#keys > MAX_KEYS ? 'error too_many_keys' : 'key' };
      case 'pong':
        this.#socket = 'online.heard';
        return {};
      case 'pair':
        this.#phases.set(did.peer, 'paired');
        return { own: 'paired', peer: [did.peer, 'paired'] };
      case 'offer':
        this.#phases.set(did.peer, 'negotiating');
        return { peer: [did.peer, 'offer'] };
      case 'connect':
        this.#phases.set(did.peer, 'connected');
        return { own: 'answer' };
      case 'part':
        this.#phases.delete(did.peer);
        return { own: 'peer_disconnected unpaired' };
      case 'vanish':
        return this.#lost('disconnected');
      case 'goodbye':
        return this.#ended('disconnected');
      case 'return':
        return this.#returned();
      case 'shut':
        return this.#shut(did.code);
      case 'wait':
        return this.#waited(did.until);
    }
  }

  get #pairings(): Phase | 'unpaired' {
    const phases = [...this.#phases.values()];
    if (phases.length === 0) return 'unpaired';
    if (phases.every((phase) => phase === 'connected')) return 'connected';
    return phases.includes('negotiating') ? 'negotiating' : 'paired';
  }

  /** In the order of docs/protocol.md: the target is there, the asker has a place, the target has one. */
  #refusalOf(target: PairTargetOfModel): string {
    switch (target) {
      case 'self':
        return 'self_pairing';
      case 'peer':
        return 'already_paired';
      case 'left':
        return 'just_left';
      case 'unknown':
        return 'target_not_found';
      case 'unknown_key':
        return 'key_not_found';
      case 'guessed_too_often':
        return 'too_many_key_guesses';
      case 'taken':
        if (this.#phases.size < this.#maxPeers) return 'target_already_paired';
        return this.#maxPeers === 1 ? 'already_paired' : 'too_many_peers';
    }
  }

  #lost(reason: string): Told {
    if (!this.#isResumable) return this.#ended(reason);
    this.#socket = 'away';
    return { peers: 'peer_away' };
  }

  #ended(reason: string): Told {
    this.#isOver = true;
    return { peers: `peer_disconnected ${reason}` };
  }

  #returned(): Told {
    const wasMissed = this.#socket === 'away';
    this.#socket = 'online.heard';
    return wasMissed ? { peers: 'peer_back' } : {};
  }

  #shut(code: number): Told {
    // A restart ends no pairing: whoever comes back names it. Nobody is told.
    if (code === 1012) {
      if (this.#isResumable) this.#socket = 'drained';
      else this.#isOver = true;
      return { closed: code };
    }
    return { ...this.#ended(code === 1013 ? 'overfull' : 'refused'), closed: code };
  }

  #waited(until: 'pingInterval' | 'pingTimeout' | 'resumeGrace'): Told {
    if (until === 'pingTimeout') return { ...this.#lost('timed_out'), closed: 4408 };
    if (until === 'resumeGrace') return this.#ended('timed_out');
    this.#socket = 'online.pinged';
    return { own: 'ping' };
  }
}
