/** Sends back what arrives, with a bound on what waits for a peer that sends but does not read. */
import { PairlaneError } from '../peer/errors.ts';

/** Each up to 64 KiB. */
export const MAX_ECHOES_WAITING = 64;

export interface EchoHandlers {
  /** Resolves when the channel has accepted it. */
  readonly send: (data: string | Uint8Array) => Promise<void>;
  readonly failed: (error: PairlaneError) => void;
  /** Called when too much waits: the connection should end. */
  readonly overfull: () => void;
}

/** @returns a function that takes each received message */
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
