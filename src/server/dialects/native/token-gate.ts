/**
 * Sockets of a server that authenticates its clients: each gets its session only once its client's grants are known. A
 * token comes with the upgrade, in a header or beside the subprotocol, or in the first message, `auth`. What a client
 * sends meanwhile is held, within tight limits.
 */
import { closeCodes } from '../../../protocol/index.ts';
import type { Authenticator, TokenRefusal, TokenVerdict } from '../../admission/tokens/authenticator.ts';
import type { ServerOptions } from '../../options.ts';
import type { Signaling } from '../../signaling/signaling.ts';
import type { Telemetry } from '../../telemetry/telemetry.ts';
import { HeldFrames } from '../held-frames.ts';
import { decode } from './decode-client-message.ts';
import { encodeNotice } from './encode-notice.ts';
import type { ClientSocket, Unauthenticated } from './native-client.ts';

export interface TokenGateDeps {
  readonly options: ServerOptions;
  readonly authenticator: Authenticator;
  readonly signaling: Signaling;
  readonly telemetry: Telemetry;
}

/** Handles a socket once its client's grants are known. */
export interface Admitted {
  opened(socket: ClientSocket): void;
  received(socket: ClientSocket, bytes: ArrayBuffer, isBinary: boolean): void;
}

/** A client that comes back says so at once; no other client has anything to send before it was greeted. */
const MAX_HELD_FRAMES = 8;
const MAX_HELD_BYTES = 64 * 1024;

const TOKEN = 'the token';

const NO_TOKEN: TokenRefusal = {
  code: 'token_invalid',
  message:
    'This server requires a token: send it as `Authorization: Bearer`, as the subprotocol `pairlane.token.TOKEN` beside `pairlane`, or as the first message, `auth`',
};

export class TokenGate {
  readonly #deps: TokenGateDeps;

  constructor(deps: TokenGateDeps) {
    this.#deps = deps;
  }

  get keepsRequests(): boolean {
    return this.#deps.authenticator.needsRequest ?? false;
  }

  /** @param admitted called for the socket when its client may come in, and then for each frame it sent meanwhile */
  opened(socket: ClientSocket, admitted: Admitted): void {
    const data = socket.getUserData();
    const { token } = data;
    // Cleared so that code that inspects the socket later does not find it.
    data.token = undefined;
    data.unauthenticated = { isAsking: true, held: new HeldFrames(MAX_HELD_FRAMES, MAX_HELD_BYTES) };
    this.#ask(socket, token, admitted);
  }

  /** Handles a frame of a client that is not authenticated yet. */
  received(socket: ClientSocket, bytes: ArrayBuffer, isBinary: boolean, admitted: Admitted): void {
    const { unauthenticated } = socket.getUserData();
    if (!unauthenticated) return;
    if (!unauthenticated.isAsking) {
      this.#first(socket, unauthenticated, bytes, admitted);
      return;
    }
    if (unauthenticated.held.hold(bytes, isBinary)) return;
    this.#deps.telemetry.metrics.refused.add('flood');
    socket.end(closeCodes.policyViolation, 'Too many messages before you were greeted');
  }

  #ask(socket: ClientSocket, token: string | undefined, admitted: Admitted): void {
    const { address, kind, request } = socket.getUserData();
    void this.#deps.authenticator
      .authenticate({ token, address, request, wants: kind === 'back' ? 'resume' : 'connect' })
      .then((verdict) => this.#answered(socket, token, verdict, admitted))
      .catch((error) => this.#failed(socket, error));
  }

  #answered(
    socket: ClientSocket,
    token: string | undefined,
    verdict: TokenVerdict,
    admitted: Admitted,
  ): void {
    const data = socket.getUserData();
    const { unauthenticated } = data;
    // The socket was closed.
    if (!unauthenticated) return;
    if ('grants' in verdict) {
      delete data.unauthenticated;
      data.request = undefined;
      data.grants = verdict.grants;
      admitted.opened(socket);
      const { held } = unauthenticated;
      for (let next = held.takeFirst(); next && !this.#isClosed(socket); next = held.takeFirst())
        admitted.received(socket, next.bytes, next.isBinary);
      return;
    }
    if (token !== undefined || verdict.refusal.code !== 'token_invalid') {
      this.#refuse(socket, verdict.refusal);
      return;
    }
    // A token is required, and the first message may bring it.
    const first = unauthenticated.held.takeFirst();
    if (first) {
      this.#first(socket, unauthenticated, first.bytes, admitted);
      return;
    }
    unauthenticated.isAsking = false;
    const { options, signaling, telemetry } = this.#deps;
    const timeoutMs = options.firstMessageTimeoutMs || Number.POSITIVE_INFINITY;
    signaling.queue.arm(data, TOKEN, timeoutMs, () => {
      telemetry.metrics.refused.add('first_message');
      socket.end(closeCodes.timedOut, 'You did not say who you are');
    });
  }

  #first(
    socket: ClientSocket,
    unauthenticated: Unauthenticated,
    bytes: ArrayBuffer,
    admitted: Admitted,
  ): void {
    unauthenticated.isAsking = true;
    this.#deps.signaling.queue.timers.disarmAll(socket.getUserData());
    const decoded = bytes.byteLength <= MAX_HELD_BYTES ? decode(new Uint8Array(bytes)) : undefined;
    const message = decoded && 'frame' in decoded ? decoded.frame.message : undefined;
    if (message?.type === 'auth') this.#ask(socket, message.token, admitted);
    else this.#refuse(socket, NO_TOKEN);
  }

  #refuse(socket: ClientSocket, refusal: TokenRefusal): void {
    const { metrics, refusals } = this.#deps.telemetry;
    const { code, message } = refusal;
    metrics.refused.add('token');
    refusals.warn('token', socket.getUserData().address, `Refused a client: ${message}`);
    socket.send(JSON.stringify(encodeNotice({ type: 'refused', code, message, for: 'auth' }, false)), false);
    if (code === 'unavailable') socket.end(closeCodes.tryAgainLater, 'It cannot be determined who you are');
    else if (code === 'forbidden') socket.end(closeCodes.unauthorized, 'You may not come in');
    else socket.end(closeCodes.unauthorized, 'Bring another token');
  }

  /** Handles an exception of ours; authenticators never throw. */
  #failed(socket: ClientSocket, error: unknown): void {
    this.#deps.telemetry.log.error({ event: 'client_failed', err: error }, 'A client could not be let in');
    if (!this.#isClosed(socket)) socket.end(closeCodes.internalError, 'Internal error');
  }

  #isClosed(socket: ClientSocket): boolean {
    return socket.getUserData().phase === 'closed';
  }
}
