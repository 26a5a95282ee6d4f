/**
 * werift's sockets and questions, so that they end with their connection also when it is closed before they are ready:
 * a socket that is just being bound or connected is forgotten by werift, and a question whose server's name is being
 * resolved is asked, and asked again, afterwards.
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
 * Patches every socket of a class that is made from here on.
 * @param options `connects`: to a TURN server, which may not be reached
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

/** A TCP connection may take minutes to fail; a UDP socket is ready, or not, in no time. */
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
 * Patches whoever asks STUN or TURN servers, and peers.
 * @param options `bareAsksServer`: a question without a key is for a STUN server, and not for a peer
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
