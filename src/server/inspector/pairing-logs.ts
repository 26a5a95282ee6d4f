/**
 * Feeds the logs of the pairings that somebody records or watches, from the steps of the two hosts. A step of any
 * other session costs one failed look-up.
 */
import type { Step } from '../../machines/index.ts';
import type { Lane, StateValueJson } from '../../protocol/index.ts';
import type { PairingHost, SessionHost } from '../router.ts';
import type { Party, ServerPairing, ServerSession } from '../sessions.ts';
import { PairingLog } from './pairing-log.ts';
import type { PeerStep } from './peer-steps.ts';
import { tap } from './tap.ts';

export interface LogSource {
  readonly sessionHost: SessionHost;
  readonly pairingHost: PairingHost;
  now(): number;
  wallTime(): number;
}

export class PairingLogs {
  readonly #source: LogSource;
  readonly #logs = new Map<ServerPairing, PairingLog>();
  readonly #logOf = new Map<Party, PairingLog>();
  /** The last that each client told of its own machine. */
  readonly #peerStates = new WeakMap<Party, StateValueJson>();
  /** The step by which a session asked for the pairing that starts next: the record begins with it. */
  #asked: { session: ServerSession; step: Step<ServerSession>; from: unknown } | undefined;
  #stops: (() => void)[] = [];
  readonly #onStart: ((log: PairingLog) => void)[] = [];
  readonly #onEnd: ((log: PairingLog) => void)[] = [];

  constructor(source: LogSource) {
    this.#source = source;
  }

  /**
   * Logs every pairing from its start on, for as long as at least one is interested.
   * @returns stops it
   */
  follow(onStart: (log: PairingLog) => void, onEnd: (log: PairingLog) => void = () => {}): () => void {
    this.#onStart.push(onStart);
    this.#onEnd.push(onEnd);
    this.#attach();
    return () => {
      this.#onStart.splice(this.#onStart.indexOf(onStart), 1);
      this.#onEnd.splice(this.#onEnd.indexOf(onEnd), 1);
      this.#detachWhenIdle();
    };
  }

  /** A client told of a step of its own machine. */
  notePeer(session: ServerSession, { from, ...step }: PeerStep): void {
    const log = this.#logOf.get(session);
    if (log) {
      const of = peerLaneOf(log, session);
      const now = this.#source.now();
      if (!this.#peerStates.has(session) && from !== undefined)
        log.noteState(of, { value: from, context: {} }, now);
      log.notePeer({ of, ...step }, now);
    }
    this.#peerStates.set(session, step.to);
  }

  get(pairing: ServerPairing): PairingLog | undefined {
    return this.#logs.get(pairing);
  }

  /** The log of a pairing that is under way, from its present state on when it has none yet. */
  open(pairing: ServerPairing): PairingLog {
    const known = this.#logs.get(pairing);
    if (known) return known;
    const now = this.#source.now();
    const log = this.#create(pairing, now);
    this.#notePeerStates(log, now);
    log.noteState('a', pairing.a, now);
    log.noteState('b', pairing.b, now);
    log.noteState('pairing', pairing, now);
    this.#attach();
    return log;
  }

  /** Nobody needs that pairing's log any more. */
  drop(log: PairingLog): void {
    this.#forget(log);
    this.#detachWhenIdle();
  }

  /** Ends all logs: the server stops. */
  endAll(): void {
    for (const log of [...this.#logs.values()]) {
      log.end('server_stopped', this.#source.now());
      this.#ended(log);
    }
  }

  #create(pairing: ServerPairing, now: number): PairingLog {
    const log = new PairingLog(pairing, now, this.#source.wallTime());
    this.#logs.set(pairing, log);
    this.#logOf.set(pairing.a, log);
    this.#logOf.set(pairing.b, log);
    return log;
  }

  #notePeerStates(log: PairingLog, now: number): void {
    for (const session of [log.pairing.a, log.pairing.b]) {
      const value = this.#peerStates.get(session);
      if (value !== undefined) log.noteState(peerLaneOf(log, session), { value, context: {} }, now);
    }
  }

  #forget(log: PairingLog): void {
    this.#logs.delete(log.pairing);
    for (const session of [log.pairing.a, log.pairing.b])
      if (this.#logOf.get(session) === log) this.#logOf.delete(session);
  }

  #ended(log: PairingLog): void {
    this.#forget(log);
    for (const tell of this.#onEnd) tell(log);
    this.#detachWhenIdle();
  }

  #attach(): void {
    if (this.#stops.length > 0) return;
    this.#stops = [
      tap(this.#source.sessionHost, (step) => this.#sessionStepped(step)),
      tap(this.#source.pairingHost, (step) => this.#pairingStepped(step)),
    ];
  }

  #detachWhenIdle(): void {
    if (this.#onStart.length > 0 || this.#logs.size > 0) return;
    for (const stop of this.#stops.splice(0)) stop();
  }

  #pairingStepped(step: Step<ServerPairing>): void {
    const { instance } = step;
    if (step.event.type === 'xstate.init' && this.#onStart.length > 0) this.#started(instance);
    const log = this.#logs.get(instance);
    if (!log) return;
    const now = this.#source.now();
    log.noteStep('pairing', step, now);
    if (instance.isDone && log.noteLeft(instance, now)) this.#ended(log);
  }

  #started(pairing: ServerPairing): void {
    const now = this.#source.now();
    const log = this.#create(pairing, now);
    for (const tell of this.#onStart) tell(log);
    const asked = this.#asked?.session === pairing.a ? this.#asked : undefined;
    this.#asked = undefined;
    this.#notePeerStates(log, now);
    log.noteState('a', { value: asked?.from ?? pairing.a.value, context: pairing.a.context }, now);
    log.noteState('b', pairing.b, now);
    if (asked) log.noteStep('a', asked.step, now);
    log.noteStart(now);
  }

  #sessionStepped(step: Step<ServerSession>): void {
    const { instance, event, effects } = step;
    if (effects.some(({ type }) => type === 'createPairing'))
      this.#asked = { session: instance, step, from: step.from };
    const log = this.#logOf.get(instance);
    if (!log) return;
    const now = this.#source.now();
    log.noteStep(laneOf(log, instance), step, now);
    const isLeaving = event.type === 'UNPAIRED' || instance.isDone;
    if (!isLeaving) return;
    // A session that ends is told nothing more; its pairing's end comes after this step.
    if (event.type === 'UNPAIRED') this.#logOf.delete(instance);
    if (log.noteLeft(instance, now)) this.#ended(log);
  }
}

function peerLaneOf(log: PairingLog, session: Party): Lane {
  return session === log.pairing.a ? 'peer_a' : 'peer_b';
}

function laneOf(log: PairingLog, session: Party): Lane {
  return session === log.pairing.a ? 'a' : 'b';
}
