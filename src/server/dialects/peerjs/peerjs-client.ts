/**
 * A PeerJS client as the core sees it: other clients know it by the id that it chose, and the server identifies it by
 * that id and its token.
 */
import {
  type CloseCode,
  closeCodes,
  errorMessages,
  peerJsNotices,
  writePeerJsMessage,
} from '../../../protocol/index.ts';
import type { UpgradeRequest } from '../../admission/tokens/authenticator.ts';
import type { WebSocket } from '../../http/shell/shell.ts';
import type { ClientNotice } from '../../signaling/client.ts';
import type { HeldFrames } from '../held-frames.ts';
import { SocketClient, type SocketClientDeps } from '../socket-client.ts';

/** What is kept for a socket. */
export interface PeerJsSocketData {
  client: PeerJsClient | undefined;
  readonly address: string;
  /** What the client sent when it connected; empty if left out. */
  readonly id: string;
  readonly key: string;
  /** Cleared at once: whoever needs it is handed it. */
  token: string;
  /** The upgrade request without the token, for an authenticator that inspects requests; cleared once it is asked. */
  request?: UpgradeRequest | undefined;
  /** Present while the authenticator is asked. */
  unauthenticated?: HeldFrames;
  isClosed?: true;
}

export type PeerJsSocket = WebSocket<PeerJsSocketData>;

/** The places that count against an address while a session waits for its client. */
export interface WaitingPlaces {
  waits(address: string, id: string): void;
  waitsNoLonger(address: string, id: string): void;
}

export interface PeerJsClientDeps {
  readonly sockets: SocketClientDeps;
  readonly places: WaitingPlaces;
  /** The client's socket was closed, and its session waits for it. */
  readonly lost: (client: PeerJsClient) => void;
  /** The client's session is over. */
  readonly gone: (client: PeerJsClient) => void;
}

/** The client was silent, or the server is restarting: any other close by the server ends the session. */
const WAITED_FOR: ReadonlySet<CloseCode> = new Set([closeCodes.timedOut, closeCodes.serviceRestart]);

/** Who a client is: the same on its next socket, and at any node. */
export interface PeerJsIdentity {
  /** Its app and a slash; empty where clients have no app. Ids of one scope never meet those of another. */
  readonly scope: string;
  readonly id: string;
  /** Identifies it without revealing its token; see {@link IdHolder}. */
  readonly proof: string;
}

export class PeerJsClient extends SocketClient<PeerJsSocketData> {
  readonly dialect = 'peerjs';
  readonly isResumable: boolean;
  readonly scope: string;
  readonly peerJsId: string;
  readonly proof: string;
  /** The client's id as the `src` field of its messages. */
  readonly srcField: Uint8Array;
  /** The recipient of the message that is being handled: a refusal is reported as that id having expired. */
  addressee: string | undefined;
  readonly #deps: PeerJsClientDeps;
  #waitsAt: string | undefined;

  /** @param isResumable whether sessions wait for their clients at all */
  constructor(
    socket: PeerJsSocket,
    { scope, id, proof }: PeerJsIdentity,
    isResumable: boolean,
    deps: PeerJsClientDeps,
  ) {
    super(socket, socket.getUserData().address, deps.sockets);
    this.scope = scope;
    this.peerJsId = id;
    this.proof = proof;
    this.srcField = Buffer.from(`"src":${JSON.stringify(id)}`);
    this.isResumable = isResumable;
    this.#deps = deps;
  }

  /** Its id among those of all apps. */
  get scopedId(): string {
    return this.scope + this.peerJsId;
  }

  get knownAs(): string {
    return this.peerJsId;
  }

  /**
   * Makes the socket the client's own in place of the earlier one.
   * @returns the earlier socket
   */
  attach(socket: PeerJsSocket): PeerJsSocket | undefined {
    this.#waitsNoLonger();
    const before = this.socket;
    this.socket = socket;
    this.address = socket.getUserData().address;
    socket.getUserData().client = this;
    return before;
  }

  /** The client lost its socket and its session waits for it, which takes the place that the socket had. */
  waits(): void {
    if (this.#waitsAt !== undefined) return;
    this.#waitsAt = this.address;
    this.#deps.places.waits(this.address, this.peerJsId);
  }

  #waitsNoLonger(): void {
    if (this.#waitsAt === undefined) return;
    this.#deps.places.waitsNoLonger(this.#waitsAt, this.peerJsId);
    this.#waitsAt = undefined;
  }

  /**
   * This wire can say only that a peer cannot be reached, or why it ends. A lost peer is never reported: a LEAVE would
   * end live connections.
   */
  override notify(notice: ClientNotice): void {
    super.notify(notice);
    if (notice.type !== 'refused') return;
    if (notice.code === 'token_expired') this.write(peerJsNotices.invalidToken(errorMessages.token_expired));
    else if (this.addressee !== undefined) this.expired(this.addressee);
  }

  override close(code: CloseCode, reason: string): void {
    super.close(code, reason);
    if (this.isResumable && WAITED_FOR.has(code)) this.#deps.lost(this);
  }

  opened(): void {
    this.write(peerJsNotices.open);
  }

  /** No client has that id. */
  expired(id: string): void {
    this.write(writePeerJsMessage('EXPIRE', id, this.peerJsId));
  }

  discard(): void {
    this.#waitsNoLonger();
    this.#deps.gone(this);
  }
}
