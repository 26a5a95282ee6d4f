/**
 * A PeerJS client as the core sees it: other clients know it by the id that it chose, and the server identifies it by
 * that id and its token.
 */
import { peerJsNotices, writePeerJsMessage } from '../../../protocol/index.ts';
import type { WebSocket } from '../../http/shell/shell.ts';
import type { ClientNotice } from '../../signaling/client.ts';
import { SocketClient, type SocketClientDeps } from '../socket-client.ts';

export interface PeerJsSocketData {
  client: PeerJsClient | undefined;
  readonly address: string;
  /** What the client sent when it connected; empty if left out. */
  readonly id: string;
  readonly token: string;
  readonly key: string;
}

export type PeerJsSocket = WebSocket<PeerJsSocketData>;

/** The places that count against an address while a session waits for its client. */
export interface WaitingPlaces {
  waits(address: string): void;
  waitsNoLonger(address: string): void;
}

export interface PeerJsClientDeps {
  readonly sockets: SocketClientDeps;
  readonly places: WaitingPlaces;
  /** The client's session is over. */
  readonly gone: (client: PeerJsClient) => void;
}

export class PeerJsClient extends SocketClient<PeerJsSocketData> {
  readonly dialect = 'peerjs';
  readonly isResumable: boolean;
  readonly peerJsId: string;
  readonly token: string;
  /** The client's id as the `src` field of its messages. */
  readonly srcField: Uint8Array;
  /** The recipient of the message that is being handled: a refusal is reported as that id having expired. */
  addressee: string | undefined;
  readonly #deps: PeerJsClientDeps;
  #waitsAt: string | undefined;

  /** @param isResumable whether sessions wait for their clients at all */
  constructor(socket: PeerJsSocket, isResumable: boolean, deps: PeerJsClientDeps) {
    const { id, token, address } = socket.getUserData();
    super(socket, address, deps.sockets);
    this.peerJsId = id;
    this.srcField = Buffer.from(`"src":${JSON.stringify(id)}`);
    this.token = token;
    this.isResumable = isResumable;
    this.#deps = deps;
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
    this.#deps.places.waits(this.address);
  }

  #waitsNoLonger(): void {
    if (this.#waitsAt === undefined) return;
    this.#deps.places.waitsNoLonger(this.#waitsAt);
    this.#waitsAt = undefined;
  }

  /**
   * This wire can say only that a peer cannot be reached. A lost peer is never reported: a LEAVE would end live
   * connections.
   */
  override notify(notice: ClientNotice): void {
    super.notify(notice);
    if (notice.type === 'refused' && this.addressee !== undefined) this.expired(this.addressee);
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
