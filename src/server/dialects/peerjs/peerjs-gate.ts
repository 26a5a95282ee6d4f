/**
 * Sockets of a server that authenticates its clients. A client of PeerJS brings its token in the URL, as its library
 * has no other place for one; what it sends before its grants are known is held, within the limits that hold for what
 * absent clients are sent.
 */
import {
  closeCodes,
  MAX_HELD_BYTES,
  MAX_HELD_SIGNALS,
  peerJsError,
  peerJsNotices,
} from '../../../protocol/index.ts';
import type { Authenticator, TokenRefusal, TokenVerdict } from '../../admission/tokens/authenticator.ts';
import type { Grants } from '../../admission/tokens/grants.ts';
import type { Telemetry } from '../../telemetry/telemetry.ts';
import { HeldFrames } from '../held-frames.ts';
import type { PeerJsSocket } from './peerjs-client.ts';

export interface Admitted {
  /** The client may come in, unless its id or app says otherwise. */
  opened(socket: PeerJsSocket, token: string, grants: Grants): void;
  received(socket: PeerJsSocket, bytes: ArrayBuffer): void;
}

export class PeerJsGate {
  readonly #authenticator: Authenticator;
  readonly #telemetry: Telemetry;

  constructor(authenticator: Authenticator, telemetry: Telemetry) {
    this.#authenticator = authenticator;
    this.#telemetry = telemetry;
  }

  get keepsRequests(): boolean {
    return this.#authenticator.needsRequest ?? false;
  }

  /** @param admitted called for the socket if its client is accepted, and then for each frame it sent meanwhile */
  opened(socket: PeerJsSocket, token: string, admitted: Admitted): void {
    const data = socket.getUserData();
    const { address, request } = data;
    data.request = undefined;
    data.unauthenticated = new HeldFrames(MAX_HELD_SIGNALS, MAX_HELD_BYTES);
    void this.#authenticator
      .authenticate({ token, address, request, wants: 'connect' })
      .then((verdict) => this.#answered(socket, token, verdict, admitted))
      .catch((error) => this.#failed(socket, error));
  }

  /** Handles a frame of a client that is not authenticated yet. */
  received(socket: PeerJsSocket, bytes: ArrayBuffer): void {
    const data = socket.getUserData();
    if (!data.unauthenticated || data.unauthenticated.hold(bytes, false)) return;
    this.#telemetry.metrics.refused.add('flood');
    delete data.unauthenticated;
    socket.send(peerJsNotices.flood, false);
    socket.end(closeCodes.policyViolation);
  }

  #answered(socket: PeerJsSocket, token: string, verdict: TokenVerdict, admitted: Admitted): void {
    const data = socket.getUserData();
    const held = data.unauthenticated;
    // It was closed meanwhile.
    if (!held) return;
    delete data.unauthenticated;
    if ('refusal' in verdict) {
      this.refuse(socket, verdict.refusal);
      return;
    }
    admitted.opened(socket, token, verdict.grants);
    for (let next = held.takeFirst(); next; next = held.takeFirst()) admitted.received(socket, next.bytes);
  }

  refuse(socket: PeerJsSocket, { code, message }: TokenRefusal): void {
    const { metrics, refusals } = this.#telemetry;
    metrics.refused.add('token');
    refusals.warn('token', socket.getUserData().address, `Refused a PeerJS client: ${message}`);
    const isOfToken = code === 'token_invalid' || code === 'token_expired';
    turnAway(socket, isOfToken ? peerJsNotices.invalidToken(message) : peerJsError(message));
  }

  /** Handles an exception of ours; authenticators never throw. */
  #failed(socket: PeerJsSocket, error: unknown): void {
    this.#telemetry.log.error({ event: 'client_failed', err: error }, 'A client could not be let in');
    const { isClosed, client } = socket.getUserData();
    if (!isClosed && client === undefined) socket.end(closeCodes.internalError);
  }
}

/** No code, as in the original when it refuses a client: its library reads the message before the close. */
const NO_CODE = 0;

/** @param notice why, in the client's wire */
export function turnAway(socket: PeerJsSocket, notice: string): void {
  socket.send(notice, false);
  socket.end(NO_CODE);
}
