/**
 * Frames that nobody handles, since their socket has no session yet: it says that it comes back, or its token is being
 * checked. They count as a client's messages do, or a socket that never gets a session could keep the server busy.
 */
import { closeCodes, errorMessages } from '../../protocol/index.ts';
import type { MessageBudget } from '../admission/message-budget.ts';
import { SendingRate } from '../admission/rate-limits.ts';
import type { WebSocket } from '../http/shell/shell.ts';

export interface EarlyFramesDeps {
  readonly budget: MessageBudget;
  /** Milliseconds of the server's clock. */
  readonly now: () => number;
  /** Counts a refusal by its kind. */
  readonly refused: (kind: string) => void;
}

export class EarlyFrames {
  readonly #deps: EarlyFramesDeps;
  /** Most sockets send no such frame. */
  readonly #rates = new WeakMap<object, SendingRate>();

  constructor(deps: EarlyFramesDeps) {
    this.#deps = deps;
  }

  /** Counts a frame, and ends a socket that floods. */
  count(socket: WebSocket<{ readonly address: string }>, bytes: number): void {
    const { budget, now, refused } = this.#deps;
    const rate = this.#rates.get(socket) ?? new SendingRate();
    this.#rates.set(socket, rate);
    const flood = budget.take({ address: socket.getUserData().address, rate }, now(), bytes);
    if (flood?.isFirst) refused(flood.code);
    if (!flood?.isLast) return;
    refused('flood');
    socket.end(closeCodes.policyViolation, errorMessages[flood.code]);
  }
}
