/**
 * What werift starts and forgets belongs to a connection all the same: sockets that are being bound, questions to STUN
 * and TURN servers, resends of DTLS. It is found by the asynchronous context in which werift was called, and ends with
 * the connection, so that a closed one keeps no process alive.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { setMaxListeners } from 'node:events';

interface Socket {
  close(): unknown;
}

export class Lifetime {
  static readonly #current = new AsyncLocalStorage<Lifetime>();
  readonly #asking = new AbortController();
  readonly #sockets = new Set<Socket>();
  readonly #serverFailed: (errorCode: number) => void;
  #isOver = false;

  /** @param serverFailed told what a STUN or TURN server refuses, by its code; 701: it does not answer */
  constructor(serverFailed: (errorCode: number) => void = () => {}) {
    this.#serverFailed = serverFailed;
    // One for each question and pause that is under way.
    setMaxListeners(0, this.#asking.signal);
  }

  /** That of the connection whose work is going on; undefined where it is nobody's. */
  static get current(): Lifetime | undefined {
    return Lifetime.#current.getStore();
  }

  /** Aborted when nothing more may be asked, sent again or waited for. */
  get signal(): AbortSignal {
    return this.#asking.signal;
  }

  /** @param error of a question to a STUN or TURN server, as werift throws it */
  noteServerError(error: unknown): void {
    if (!this.signal.aborted) this.#serverFailed(errorCodeOf(error));
  }

  /** What werift starts within `work`, now or later, belongs to this. */
  run<Result>(work: () => Result): Result {
    return Lifetime.#current.run(this, work);
  }

  /** Keeps a socket, to close it in the end: at once when that has come already. */
  keep(socket: Socket): void {
    if (this.#isOver) socket.close();
    else this.#sockets.add(socket);
  }

  stopAsking(): void {
    this.#asking.abort();
  }

  /** Closes what sockets are left. */
  async end(): Promise<void> {
    this.stopAsking();
    this.#isOver = true;
    const sockets = [...this.#sockets];
    this.#sockets.clear();
    await Promise.all(sockets.map((socket) => socket.close()));
  }
}

interface RefusedQuestion {
  readonly response?: { getAttributeValue(name: 'ERROR-CODE'): readonly [number, string] | undefined };
}

/** RTCPeerConnectionIceErrorEvent: the server's own code, or 701 when it was not reached. */
function errorCodeOf(error: unknown): number {
  return (error as RefusedQuestion | undefined)?.response?.getAttributeValue('ERROR-CODE')?.[0] ?? 701;
}

/** Waits; no longer than until the signal. */
export function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) {
      resolve();
      return;
    }
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal?.addEventListener('abort', end);
  });
}
