/** A client of the relay network: registers, tracks the other clients, and reports what happens as events. */
import type { Socket } from 'node:net';
import {
  encodeRelayMessage,
  MAX_RELAY_HOST_BYTES,
  MAX_RELAY_HOSTS,
  RelayDecoder,
  RelayFormatError,
  type RelayMessage,
  statusCodes,
} from '../../protocol/relay-chat/index.ts';

export interface RelayChatIdentity {
  readonly id: number;
  readonly name: string;
  readonly info: string;
}

/** The events, with the names that `--json` prints. */
export type RelayChatEvent =
  /** This client is registered. */
  | { readonly type: 'registered'; readonly id: number; readonly text: string }
  /** The registration was refused, or another host has the id now: the connection is over. */
  | { readonly type: 'refused'; readonly text: string }
  | { readonly type: 'status'; readonly from: number; readonly code: number; readonly text: string }
  | { readonly type: 'joined'; readonly id: number; readonly name: string; readonly info: string }
  | { readonly type: 'left'; readonly id: number; readonly name: string; readonly text: string }
  | { readonly type: 'chat'; readonly from: number; readonly name: string; readonly text: string }
  /** The end; with a reason, unless this client quit. */
  | { readonly type: 'closed'; readonly reason: string | undefined };

export class RelayChatConnection {
  readonly identity: RelayChatIdentity;
  /** The other clients, by id. */
  readonly others = new Map<number, RelayChatIdentity>();
  /** The size of their names and infos. */
  #otherBytes = 0;
  readonly #socket: Socket;
  readonly #tell: (event: RelayChatEvent) => void;
  #isRegistered = false;
  #hasQuit = false;
  #reason = 'the relay server closed the connection';

  /**
   * Registers at once.
   * @param socket connected to a relay server
   * @param tell called for every event, but never before this returns
   * @throws {RangeError} if the name or info is too long
   */
  constructor(socket: Socket, identity: RelayChatIdentity, tell: (event: RelayChatEvent) => void) {
    this.identity = identity;
    this.#socket = socket;
    this.#tell = tell;
    const decoder = new RelayDecoder();
    const { id: sourceId, name, info } = identity;
    this.#send({ type: 'client_registration', sourceId, lastHopId: 0, name, info });
    socket.setNoDelay(true);
    socket.on('data', (bytes) => {
      try {
        decoder.read(bytes, (message) => {
          if (!socket.destroyed) this.#take(message);
        });
      } catch (error) {
        if (!(error instanceof RelayFormatError)) throw error;
        this.#reason = `the relay server sent what is not the protocol: ${error.message}`;
        socket.destroy();
      }
    });
    socket.on('error', (error) => {
      this.#reason = `the connection was lost: ${error.message}`;
    });
    socket.on('close', () => tell({ type: 'closed', reason: this.#hasQuit ? undefined : this.#reason }));
  }

  /**
   * Sends a text to the client with that id; if there is none, a status says so.
   * @throws {RangeError} if the text is too long
   */
  chat(destinationId: number, content: string): void {
    this.#send({ type: 'client_chat', sourceId: this.identity.id, destinationId, content });
  }

  /** Says goodbye; `closed` follows. */
  quit(content: string): void {
    if (this.#hasQuit) return;
    this.#hasQuit = true;
    if (this.#isRegistered) this.#send({ type: 'client_quit', sourceId: this.identity.id, content });
    this.#socket.end();
  }

  #send(message: RelayMessage): void {
    this.#socket.write(encodeRelayMessage(message));
  }

  #take(message: RelayMessage): void {
    switch (message.type) {
      case 'status':
        this.#takeStatus(message);
        return;
      case 'client_registration': {
        const other = { id: message.sourceId, name: message.name, info: message.info };
        this.#forget(other.id);
        this.#otherBytes += other.name.length + other.info.length;
        this.others.set(other.id, other);
        if (this.others.size > MAX_RELAY_HOSTS || this.#otherBytes > MAX_RELAY_HOST_BYTES) {
          this.#reason = 'the relay server named more clients than a network can have';
          this.#socket.destroy();
        } else this.#tell({ type: 'joined', ...other });
        return;
      }
      case 'client_quit': {
        const name = this.#nameOf(message.sourceId);
        this.#forget(message.sourceId);
        this.#tell({ type: 'left', id: message.sourceId, name, text: message.content });
        return;
      }
      case 'client_chat': {
        const { sourceId: from, content: text } = message;
        this.#tell({ type: 'chat', from, name: this.#nameOf(from), text });
        return;
      }
      case 'server_registration':
      case 'server_quit':
        // Servers keep these messages to themselves; receiving one does no harm.
        return;
    }
  }

  #takeStatus(message: Extract<RelayMessage, { type: 'status' }>): void {
    const { sourceId: from, code, content: text } = message;
    if (message.destinationId === 0) {
      this.#reason = text;
      this.#tell({ type: 'refused', text });
      // A server may keep its side open, and go on.
      this.#socket.destroy();
    } else if (code === statusCodes.welcome && !this.#isRegistered) {
      this.#isRegistered = true;
      this.#tell({ type: 'registered', id: this.identity.id, text });
    } else this.#tell({ type: 'status', from, code, text });
  }

  #forget(id: number): void {
    const other = this.others.get(id);
    if (!other) return;
    this.others.delete(id);
    this.#otherBytes -= other.name.length + other.info.length;
  }

  #nameOf(id: number): string {
    return id === this.identity.id ? this.identity.name : (this.others.get(id)?.name ?? '');
  }
}
