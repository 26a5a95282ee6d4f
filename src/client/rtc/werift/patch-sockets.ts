/**
 * Makes werift's sockets and requests end with their connection even if it is closed before they are ready: werift
 * loses track of a socket that is being bound or connected, and sends (and resends) a request whose server's name was
 * still being resolved.
 */
import { Lifetime } from './lifetime.ts';

interface Transport {
  readonly closed: boolean;
  init(): Promise<void>;
  close(): Promise<unknown>;
}

interface Asking {
  request(
    request: unknown,
    address: unknown,
    key?: unknown,
    options?: unknown,
    sent?: unknown,
  ): Promise<unknown>;
}

/**
 * Patches every socket of a class that is created from here on.
 * @param options `connects`: connects to a TURN server, which may be unreachable
 */
export function patchSocket(prototype: object, { connects = false } = {}): void {
  const transport = prototype as Transport;
  const { init } = transport;
  transport.init = async function (this: Transport) {
    const lifetime = Lifetime.current;
    // werift's `close` waits forever when it is called twice.
    const close = async () => {
      if (!this.closed) await this.close();
    };
    const opened = async () => {
      try {
        await init.call(this);
      } catch (error) {
        if (connects) lifetime?.noteServerError(error);
        throw error;
      }
    };
    if (lifetime) await withAbort(opened, close, lifetime.signal);
    else await init.call(this);
    lifetime?.keep({ close });
  };
}

/** A TCP connection may take minutes to fail; a UDP socket is ready, or fails, at once. */
async function withAbort(
  work: () => Promise<void>,
  close: () => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  let abort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(new Error('the connection is closed'));
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort);
  });
  try {
    await Promise.race([work(), aborted]);
  } catch (error) {
    await close();
    throw error;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/**
 * Patches a class that sends requests to STUN or TURN servers and to peers.
 * @param options `bareAsksServer`: a request without a key is for a STUN server, not for a peer
 */
export function patchQuestions(prototype: object, { bareAsksServer = false } = {}): void {
  const asking = prototype as Asking;
  const { request } = asking;
  asking.request = function (this: Asking, message, address, key, options, sent) {
    const lifetime = Lifetime.current;
    const signal = lifetime?.signal;
    if (!signal || hasSignal(options)) return request.call(this, message, address, key, options, sent);
    const given =
      typeof options === 'number' ? { retransmissions: options } : (options as object | undefined);
    const callback = sent === undefined ? {} : { onRequestSent: sent };
    const answer = request.call(this, message, address, key, { ...callback, ...given, signal });
    if (bareAsksServer && key === undefined) answer.catch((error) => lifetime.noteServerError(error));
    return answer;
  };
}

function hasSignal(options: unknown): boolean {
  return (
    typeof options === 'object' && options !== null && (options as { signal?: unknown }).signal !== undefined
  );
}
