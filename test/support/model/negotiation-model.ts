/**
 * What a peer does to its partner, and tells its user: a model written from docs/protocol.md and docs/client-api.md, not from
 * the machines. What the server makes of their messages, the model of pairings says. The partner is a client that the test
 * moves; of what it sends, the server has done everything before the next move.
 */
import { type Did, type Heard, PairingModel } from '../../../src/contract/conform/pairing-model.ts';

/** @property isLost the server is killed, and started again, before it hears what the peer says to it */
export type NegotiationDid = (
  | { readonly by: 'partner'; readonly did: Did }
  /** Its offer restarts ICE; any other one does not. */
  | { readonly by: 'partner'; readonly did: { readonly do: 'offer' }; readonly restartsIce: true }
  /** The user wants a pairing, leaves it, has found another network, or closes the peer. */
  | { readonly by: 'user'; readonly do: 'ask' | 'unpair' | 'networkChanged' | 'close' }
  /**
   * The partner's candidates and ours arrive; its end of the connection closes; our socket is lost, and we come back; or the
   * server is killed and started again, and first the partner comes back to it, then we.
   */
  | { readonly by: 'network'; readonly do: 'path' | 'hang up' | 'cut' | 'kill' }
  /** The longest deadline goes by. */
  | { readonly by: 'clock' }
) & { readonly isLost?: true };

export interface Told {
  /** By type; a refusal as `error CODE`. Candidates are left out: how many there are depends on the machine. */
  readonly partner: readonly string[];
  readonly user: readonly string[];
}

/** As docs/client-api.md names them. */
type State = 'unpaired' | 'paired' | 'offering' | 'checking' | 'connected' | 'restarting' | 'disconnected';

const PEER = 0;
export const PARTNER = 1;

/** An option of the peer: how often it restarts ICE in a row before it gives up. */
export const MAX_RESTARTS = 2;

const overdue: { readonly [Of in State]?: string } = {
  paired: 'offer_timeout',
  offering: 'answer_timeout',
  checking: 'connection_timeout',
  restarting: 'connection_failed',
};

export class NegotiationModel {
  #server = new PairingModel('full', 2);
  /** What we say while the server is dying; it has no answer to anything. */
  #unheard: Did[] | undefined;
  /** Whether the server does not know how far the pairing is that it restored. */
  #isRestored = false;
  state: State = 'unpaired';
  #isInitiator = false;
  /** Whether data can go from one to the other, also while they negotiate anew. */
  #isUp = false;
  /** Whether the user was told that the channel of this pairing is open. */
  #isOpen = false;
  /** How often ICE was restarted since a path was found. */
  #restarts = 0;
  #partnerRestartsIce = false;
  #partner: string[] = [];
  #user: string[] = [];

  get phase(): 'paired' | 'negotiating' | 'connected' | undefined {
    return this.#server.phaseOf(PEER);
  }

  get isOver(): boolean {
    return !this.#server.isHere(PEER) || !this.#server.isHere(PARTNER);
  }

  get key(): string {
    const { state, phase, isOver } = this;
    const known = this.#isRestored && phase === 'negotiating' ? 'restored' : phase;
    return JSON.stringify([state, this.#isInitiator, this.#isUp, this.#restarts, known, isOver]);
  }

  step(move: NegotiationDid): Told {
    this.#partner = [];
    this.#user = [];
    this.#partnerRestartsIce = 'restartsIce' in move;
    if (move.isLost) this.#unheard = [];
    if (move.by === 'partner') this.#deliver(this.#server.step(PARTNER, move.did));
    else if (move.by === 'clock') this.#giveUp(overdue[this.state]);
    else if (move.by === 'user') this.#wanted(move.do);
    else this.#happened(move.do);
    if (move.isLost) this.#killServer(move.by === 'partner' ? move.did : undefined);
    return { partner: this.#partner, user: this.#user };
  }

  #wanted(what: 'ask' | 'unpair' | 'networkChanged' | 'close'): void {
    if (what === 'ask') this.#send({ do: 'ask', target: PARTNER });
    else if (what === 'close') this.#leave('disconnected', { do: 'leave' });
    else if (what === 'unpair' && this.state !== 'unpaired') this.#leave('unpaired', { do: 'unpair' });
    else if (what === 'networkChanged' && this.state === 'connected') this.#restart();
  }

  #restart(): void {
    if (this.#restarts === MAX_RESTARTS) {
      this.#giveUp('connection_failed');
      return;
    }
    this.#restarts += 1;
    this.state = 'restarting';
    this.#isUp = false;
    this.#send({ do: 'report', state: 'failed' });
    this.#send({ do: 'offer' });
  }

  #happened(what: 'path' | 'hang up' | 'cut' | 'kill'): void {
    if (what === 'kill') this.#killServer();
    else if (what === 'path' && this.state === 'checking') this.#established();
    else if (what === 'hang up' && this.state === 'connected') {
      this.#user.push('peer_disconnected disconnected');
      this.#leave('unpaired', { do: 'unpair' });
    } else if (what === 'cut' && this.state !== 'unpaired') this.#partner.push('peer_away', 'peer_back');
  }

  /**
   * The next one makes the pairing again that both name.
   * @param unacked what the partner said, and says again: it does not know that we have it
   */
  #killServer(unacked?: Did): void {
    const wasPaired = this.#server.isPaired(PARTNER);
    const unheard = this.#unheard ?? [];
    this.#unheard = undefined;
    this.#server = new PairingModel('full', 2);
    if (!wasPaired) return;
    this.#partner.push('peer_away');
    if (this.state === 'unpaired') {
      this.#partner.push('peer_disconnected');
      return;
    }
    const [initiator, responder] = this.#isInitiator ? [PEER, PARTNER] : [PARTNER, PEER];
    this.#server.restore(initiator, responder);
    this.#isRestored = true;
    if (unacked) this.#server.step(PARTNER, unacked);
    this.#partner.push('peer_back');
    for (const did of unheard) this.#send(did);
    if (this.state === 'connected') this.#send({ do: 'report', state: 'connected' });
  }

  #giveUp(code: string | undefined): void {
    if (code === undefined) return;
    this.#user.push(`error ${code}`);
    this.#leave('unpaired', { do: 'unpair' });
  }

  #leave(state: 'unpaired' | 'disconnected', did: Did): void {
    this.state = state;
    this.#isUp = false;
    this.#send(did);
  }

  #established(): void {
    this.#isUp = true;
    this.#restarts = 0;
    this.state = 'connected';
    this.#send({ do: 'report', state: 'connected' });
    if (!this.#isOpen) this.#user.push('open');
    this.#isOpen = true;
  }

  #send(did: Did): void {
    if (this.#unheard) this.#unheard.push(did);
    else this.#deliver(this.#server.step(PEER, did));
  }

  /** The partner first: what the peer does about its own comes later. */
  #deliver(heard: ReadonlyMap<number, readonly Heard[]>): void {
    for (const one of heard.get(PARTNER) ?? [])
      this.#partner.push(one.type === 'error' ? `error ${one.code}` : one.type);
    for (const one of heard.get(PEER) ?? []) this.#heard(one);
  }

  #heard(one: Heard): void {
    switch (one.type) {
      case 'paired':
        this.#isInitiator = one.isInitiator;
        this.#isOpen = false;
        this.#restarts = 0;
        this.#isRestored = false;
        this.#user.push('paired');
        this.state = one.isInitiator ? 'offering' : 'paired';
        // The one that asked offers.
        if (one.isInitiator) this.#send({ do: 'offer' });
        return;
      case 'offer': {
        const hasOffered = this.state === 'offering' || this.state === 'restarting';
        // If both offer at once, the polite side takes its own back: the one that was asked.
        if (hasOffered && this.#isInitiator) return;
        // ICE is restarted all the same: by the partner's offer, or else by a new one of ours.
        const isRestartDue = this.state === 'restarting' && !this.#partnerRestartsIce;
        this.state = 'checking';
        this.#send({ do: 'answer' });
        if (this.#partnerRestartsIce) this.#isUp = false;
        if (isRestartDue) this.#restart();
        else if (this.#isUp) this.#established();
        return;
      }
      case 'answer':
        if (this.state === 'offering' || this.state === 'restarting') this.state = 'checking';
        return;
      case 'peer_disconnected':
        this.state = 'unpaired';
        this.#isUp = false;
        this.#user.push(`peer_disconnected ${one.reason}`);
        return;
      case 'error':
        this.#user.push(`error ${one.code}`);
        return;
    }
  }
}
