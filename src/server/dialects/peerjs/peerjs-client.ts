/** A client of PeerJS as the core reaches it: known to others by the id that it chose, and to us by that id and its token. */
import { peerJsNotices, writePeerJsMessage } from '../../../protocol/index.ts';
import type { WebSocket } from '../../http/shell/shell.ts';
import type { ClientNotice } from '../../signaling/client.ts';
import { SocketClient, type SocketClientDeps } from '../socket-client.ts';

export interface PeerJsSocketData {
  client: PeerJsClient | undefined;
  readonly address: string;
  /** What it said when it connected; empty for what it left out. */
  readonly id: string;
  readonly token: string;
  readonly key: string;
}

export type PeerJsSocket = WebSocket<PeerJsSocketData>;

/** The places that clients take: where a session waits for its client, or no longer does. */
export interface WaitingPlaces {
  waits(address: string): void;
  waitsNoLonger(address: string): void;
}

export interface PeerJsClientDeps {
  readonly sockets: SocketClientDeps;
  readonly places: WaitingPlaces;
  /** Its session is over. */
  readonly gone: (client: PeerJsClient) => void;
}

export class PeerJsClient extends SocketClient<PeerJsSocketData> {
  readonly dialect = 'peerjs';
  readonly isResumable: boolean;
  readonly peerJsId: string;
  readonly token: string;
  /** Who it is, as a field of what it says to others. */
  readonly srcField: Uint8Array;
  /** Whom its message that is under way is for: a refusal tells it so. */
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

  /** The newest socket is the client's, and the one before no longer is. @returns the one before */
  attach(socket: PeerJsSocket): PeerJsSocket | undefined {
    this.#waitsNoLonger();
    const before = this.socket;
    this.socket = socket;
    this.address = socket.getUserData().address;
    socket.getUserData().client = this;
    return before;
  }

  /** It lost its socket, and its session waits for it: in the place that its socket had. */
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

  /** That a peer cannot be reached is all that this wire can say of it. That one is lost is never said: its LEAVE would end connections that live. */
  override notify(notice: ClientNotice): void {
    super.notify(notice);
    if (notice.type === 'refused' && this.addressee !== undefined) this.expired(this.addressee);
  }

  opened(): void {
    this.write(peerJsNotices.open);
  }

  /** Nobody has that id. */
  expired(id: string): void {
    this.write(writePeerJsMessage('EXPIRE', id, this.peerJsId));
  }

  discard(): void {
    this.#waitsNoLonger();
    this.#deps.gone(this);
  }
}
