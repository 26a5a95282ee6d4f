/** Sends back what comes: what waits for one that sends and does not read is bounded. */
import { PairlaneError } from '../peer/errors.ts';

/** Of up to 64 KiB each. */
export const MAX_ECHOES_WAITING = 64;

export interface EchoHandlers {
  /** Fulfilled when the channel has taken it. */
  readonly send: (data: string | Uint8Array) => Promise<void>;
  readonly failed: (error: PairlaneError) => void;
  /** Too much waits: the connection is to end. */
  readonly overfull: () => void;
}

/** @returns takes what came */
export function createEcho({ send, failed, overfull }: EchoHandlers): (data: string | Uint8Array) => void {
  let waiting = 0;
  let isOver = false;
  return (data) => {
    if (isOver) return;
    if (waiting === MAX_ECHOES_WAITING) {
      isOver = true;
      failed(new PairlaneError('send_failed', 'the other side does not read what is sent back'));
      overfull();
      return;
    }
    waiting += 1;
    send(data)
      .catch(failed)
      .finally(() => {
        waiting -= 1;
      });
  };
}
