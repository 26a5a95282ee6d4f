/**
 * The link to the signaling server: one socket at a time, messages checked on their way in. What is decoded is still
 * untrusted: it fits its schema, and no more.
 */
import {
  type ClientMessage,
  closeCodes,
  explain,
  isRecord,
  type ServerMessage,
  type ServerMessageType,
  serverSchemas,
} from '../protocol/index.ts';
import { PairlaneError } from './errors.ts';
import type { OpenSocket, Socket } from './socket.ts';

export interface SignalingHandlers {
  readonly received: (message: ServerMessage) => void;
  /** The server sent something that does not fit the protocol; it is passed over. */
  readonly malformed: (error: PairlaneError) => void;
  /** The socket is gone or did not open. */
  readonly lost: (mayReturn: boolean, reason: string) => void;
}

export class SignalingLink {
  readonly #url: string;
  readonly #openSocket: OpenSocket;
  readonly #handlers: SignalingHandlers;
  #socket: Socket | undefined;
  #closing: Promise<void> = Promise.resolve();

  constructor(url: string, openSocket: OpenSocket, handlers: SignalingHandlers) {
    this.#url = url;
    this.#openSocket = openSocket;
    this.#handlers = handlers;
  }

  /** Opens a new socket; what an earlier one still says is passed over. */
  open(): void {
    let closed = () => {};
    const closing = new Promise<void>((resolve) => {
      closed = resolve;
    });
    const socket = this.#openSocket(this.#url, {
      received: (data) => {
        if (this.#socket === socket) this.#received(data);
      },
      closed: (code, reason) => {
        closed();
        if (this.#socket !== socket) return;
        this.#socket = undefined;
        this.#handlers.lost(code !== closeCodes.policyViolation, reason);
      },
    });
    this.#socket = socket;
    this.#closing = closing;
  }

  /** Passed over when there is no open socket. */
  send(message: ClientMessage): void {
    this.#socket?.send(JSON.stringify(message));
  }

  /** Ends the socket; nothing that it still says is heard. */
  close(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close();
  }

  /** Fulfilled when the last socket is closed. */
  closed(): Promise<void> {
    return this.#closing;
  }

  #received(data: unknown): void {
    const decoded = decodeServerMessage(data);
    if (decoded instanceof PairlaneError) this.#handlers.malformed(decoded);
    else if (decoded?.type === 'ping') this.send({ type: 'pong' });
    else if (decoded) this.#handlers.received(decoded);
  }
}

/** @returns undefined for a type that this version does not know: a newer server may send it */
export function decodeServerMessage(data: unknown): ServerMessage | PairlaneError | undefined {
  if (typeof data !== 'string') return new PairlaneError('invalid_server_message', 'a binary frame');
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    return new PairlaneError('invalid_server_message', 'not JSON');
  }
  if (!isRecord(value) || typeof value.type !== 'string') {
    return new PairlaneError('invalid_server_message', 'no `type`');
  }
  if (!Object.hasOwn(serverSchemas, value.type)) return undefined;
  const problem = explain(serverSchemas[value.type as ServerMessageType], value);
  return problem === undefined
    ? (value as ServerMessage)
    : new PairlaneError('invalid_server_message', `${value.type}: ${problem}`);
}
