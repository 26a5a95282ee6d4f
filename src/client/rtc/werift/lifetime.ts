/**
 * Resources that werift starts and loses track of, such as sockets being bound, requests to STUN and TURN servers, and
 * DTLS retransmissions, still belong to a connection. They are tracked by the asynchronous context in which werift was
 * called, and end with the connection, so that a closed one keeps no process alive.
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

  /** @param serverFailed called with the error code of a STUN or TURN server; 701: it does not answer */
  constructor(serverFailed: (errorCode: number) => void = () => {}) {
    this.#serverFailed = serverFailed;
    // One listener for each pending request and pause.
    setMaxListeners(0, this.#asking.signal);
  }

  /** The lifetime of the connection whose work is running; undefined if it belongs to none. */
  static get current(): Lifetime | undefined {
    return Lifetime.#current.getStore();
  }

  /** Aborted when no more requests, retransmissions or waits are allowed. */
  get signal(): AbortSignal {
    return this.#asking.signal;
  }

  /** @param error of a request to a STUN or TURN server, as werift throws it */
  noteServerError(error: unknown): void {
    if (!this.signal.aborted) this.#serverFailed(errorCodeOf(error));
  }

  /** Everything that werift starts within `work`, now or later, belongs to this lifetime. */
  run<Result>(work: () => Result): Result {
    return Lifetime.#current.run(this, work);
  }

  /** Keeps a socket to close it at the end, or closes it at once if the end has already come. */
  keep(socket: Socket): void {
    if (this.#isOver) socket.close();
    else this.#sockets.add(socket);
  }

  stopAsking(): void {
    this.#asking.abort();
  }

  /** Closes the remaining sockets. */
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

/** RTCPeerConnectionIceErrorEvent: the server's own code, or 701 if it was not reached. */
function errorCodeOf(error: unknown): number {
  return (error as RefusedQuestion | undefined)?.response?.getAttributeValue('ERROR-CODE')?.[0] ?? 701;
}

/** Waits for the time, or until the signal is aborted. */
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
