/** Requests to the server that wait for an answer: at most one of each kind, each with a deadline. */
import { NO_TIMER, type StepQueue, type TimerOwner } from '../../machines/without-xstate.ts';
import type { ServerMessage, ServerMessageOf } from '../../protocol/index.ts';
import type { Room } from '../room/room.ts';
import { abortable } from './abortable.ts';
import type { Connection } from './connection.ts';
import { PairlaneError } from './errors.ts';
import type { SignalingState } from './peer-state.ts';

/** The answer to each kind of request. */
export interface Answers {
  pair_request: { peerId: string; initiator: boolean };
  /** `expiresAt` is undefined for a key that lives as long as its owner's session. */
  create_key: { key: string; expiresAt: Date | undefined };
}

/** The answers inside a peer. */
export interface RequestAnswers {
  pair_request: Connection;
  create_key: Answers['create_key'];
  join_room: Room;
  list_rooms: ServerMessageOf<'rooms'>;
  lock_room: undefined;
  update_metadata: undefined;
}
export type RequestKind = keyof RequestAnswers;

interface Pending {
  readonly resolve: (answer: never) => void;
  readonly reject: (error: PairlaneError) => void;
  /** Nobody wants the answer any more, but the server will still send it. */
  isAbandoned: boolean;
}

export class PendingRequests implements TimerOwner {
  timer = NO_TIMER;
  readonly #queue: StepQueue;
  readonly #timeoutMs: number;
  readonly #link: { readonly signaling: SignalingState };
  readonly #pending = new Map<RequestKind, Pending>();
  /** Set when the peer is closed. */
  #ending: PairlaneError | undefined;
  #idleWaiters: { readonly kind: RequestKind; readonly wake: () => void }[] = [];

  /** @param timeoutMs 0: no deadline */
  constructor(queue: StepQueue, timeoutMs: number, link: { readonly signaling: SignalingState }) {
    this.#queue = queue;
    this.#timeoutMs = timeoutMs || Number.POSITIVE_INFINITY;
    this.#link = link;
  }

  /**
   * @param ask sends the request
   * @param signal ends the wait; the request keeps its place until the server has answered
   * @throws {PairlaneError} `request_pending`, `timeout`, `aborted`, or what the request fails with
   */
  start<Kind extends RequestKind>(
    kind: Kind,
    ask: () => void,
    signal?: AbortSignal,
  ): Promise<RequestAnswers[Kind]> {
    const pending: Pending = { resolve: () => {}, reject: () => {}, isAbandoned: false };
    return abortable(
      signal,
      () => this.#start(kind, ask, pending),
      (error) => this.#abandon(kind, pending, error),
    );
  }

  #start<Kind extends RequestKind>(
    kind: Kind,
    ask: () => void,
    pending: Pending,
  ): Promise<RequestAnswers[Kind]> {
    if (this.#ending) return Promise.reject(this.#ending);
    if (this.#link.signaling !== 'online') return Promise.reject(new PairlaneError('not_online'));
    if (this.#pending.has(kind)) return Promise.reject(new PairlaneError('request_pending'));
    return new Promise((resolve, reject) => {
      this.#pending.set(kind, Object.assign(pending, { resolve, reject }));
      this.#queue.arm(this, kind, this.#timeoutMs, () => this.fail(kind, new PairlaneError('timeout', kind)));
      try {
        ask();
      } catch (error) {
        // It was not sent, as for a value that JSON does not have: no answer will come.
        this.#take(kind);
        reject(error);
      }
    });
  }

  /**
   * The same, once earlier requests of its kind are answered.
   * @param signal ends the wait; a request that was sent keeps its place until the server has answered
   * @throws {PairlaneError} `aborted`, besides those of `start`
   */
  async startInTurn<Kind extends RequestKind>(
    kind: Kind,
    ask: () => void,
    signal?: AbortSignal,
  ): Promise<RequestAnswers[Kind]> {
    while (this.#pending.has(kind) && !signal?.aborted) await this.#idle(kind, signal);
    return this.start(kind, ask, signal);
  }

  #idle(kind: RequestKind, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const waiter = {
        kind,
        wake: () => {
          signal?.removeEventListener('abort', waiter.wake);
          this.#idleWaiters = this.#idleWaiters.filter((other) => other !== waiter);
          resolve();
        },
      };
      this.#idleWaiters.push(waiter);
      signal?.addEventListener('abort', waiter.wake);
    });
  }

  /** Fails the request now, but keeps its place until the server has answered. The place may be another one's. */
  #abandon(kind: RequestKind, pending: Pending, error: PairlaneError): void {
    if (this.#pending.get(kind) !== pending) return;
    pending.isAbandoned = true;
    pending.reject(error);
  }

  /** Whether there is one whose answer somebody wants. */
  isWanted(kind: RequestKind): boolean {
    return this.#pending.get(kind)?.isAbandoned === false;
  }

  isAbandoned(kind: RequestKind): boolean {
    return this.#pending.get(kind)?.isAbandoned === true;
  }

  answer<Kind extends RequestKind>(kind: Kind, answer: RequestAnswers[Kind]): void {
    this.#take(kind)?.resolve(answer as never);
  }

  /** @returns whether there was one to fail */
  fail(kind: RequestKind, error: PairlaneError): boolean {
    const pending = this.#take(kind);
    pending?.reject(error);
    return pending !== undefined;
  }

  failAll(error: PairlaneError): void {
    for (const kind of [...this.#pending.keys()]) this.fail(kind, error);
  }

  /** The peer is closed: no further requests are made. */
  end(error: PairlaneError): void {
    this.#ending = error;
    this.failAll(error);
  }

  /**
   * Fails the request that a server's error answers; a server of the original protocol does not say which, so the
   * oldest.
   */
  failFor(error: PairlaneError): boolean {
    const kind = error.for ?? this.#pending.keys().next().value;
    return kind !== undefined && this.#pending.has(kind as RequestKind)
      ? this.fail(kind as RequestKind, error)
      : false;
  }

  #take(kind: RequestKind): Pending | undefined {
    const pending = this.#pending.get(kind);
    this.#pending.delete(kind);
    this.#queue.timers.disarm(this, kind);
    for (const { wake } of this.#idleWaiters.filter((waiter) => waiter.kind === kind)) wake();
    return pending;
  }
}

const KINDS: { readonly [Kind in RequestKind]: true } = {
  pair_request: true,
  create_key: true,
  join_room: true,
  list_rooms: true,
  lock_room: true,
  update_metadata: true,
};

function isRequestKind(type: string | undefined): type is RequestKind {
  return type !== undefined && Object.hasOwn(KINDS, type);
}

/** @returns the kind of request that a message answers; undefined if it answers none */
export function requestAnsweredBy(message: ServerMessage): RequestKind | undefined {
  switch (message.type) {
    case 'key':
      return 'create_key';
    case 'paired':
      return message.initiator && message.room === undefined ? 'pair_request' : undefined;
    case 'room_joined':
      return 'join_room';
    case 'rooms':
      return 'list_rooms';
    case 'error':
      return isRequestKind(message.for) ? message.for : undefined;
    default:
      return undefined;
  }
}
