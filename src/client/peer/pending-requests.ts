/** What was asked of the server and waits for its answer: at most one of each kind, each with a deadline. */
import { NO_TIMER, type StepQueue, type TimerOwner } from '../../machines/index.ts';
import type { ServerMessage } from '../../protocol/index.ts';
import { PairlaneError } from './errors.ts';

/** What each kind of request is answered with. */
export interface Answers {
  pair_request: { peerId: string; initiator: boolean };
  create_key: { key: string; expiresAt: Date | undefined };
}
export type RequestKind = keyof Answers;

interface Pending {
  readonly resolve: (answer: never) => void;
  readonly reject: (error: PairlaneError) => void;
}

export class PendingRequests implements TimerOwner {
  timer = NO_TIMER;
  readonly #queue: StepQueue;
  readonly #timeoutMs: number;
  readonly #pending = new Map<RequestKind, Pending>();

  /** @param timeoutMs 0: no deadline */
  constructor(queue: StepQueue, timeoutMs: number) {
    this.#queue = queue;
    this.#timeoutMs = timeoutMs || Number.POSITIVE_INFINITY;
  }

  /**
   * @param ask sends the request
   * @throws {PairlaneError} `request_pending`, `timeout`, or what it is failed with
   */
  start<Kind extends RequestKind>(kind: Kind, ask: () => void): Promise<Answers[Kind]> {
    if (this.#pending.has(kind)) return Promise.reject(new PairlaneError('request_pending'));
    return new Promise((resolve, reject) => {
      this.#pending.set(kind, { resolve, reject });
      this.#queue.arm(this, kind, this.#timeoutMs, () => this.fail(kind, new PairlaneError('timeout', kind)));
      ask();
    });
  }

  answer<Kind extends RequestKind>(kind: Kind, answer: Answers[Kind]): void {
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

  /** Fails what the server's error answers; a server of the seed's protocol does not say which, so: the oldest. */
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
    return pending;
  }
}

/** @returns which kind of request a message answers; undefined for one that answers none */
export function requestAnsweredBy(message: ServerMessage): RequestKind | undefined {
  switch (message.type) {
    case 'key':
      return 'create_key';
    case 'paired':
      return message.initiator ? 'pair_request' : undefined;
    case 'error':
      return message.for === 'create_key' || message.for === 'pair_request' ? message.for : undefined;
    default:
      return undefined;
  }
}
