/**
 * A host of the relay network that speaks raw bytes over TCP: it writes what a test gives it and keeps what arrives,
 * split into messages by its own parser, which shares no code with ours. It waits for data, never for time.
 */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

export type RawMessage =
  | { type: 'server' | 'client'; source: number; lastHop: number; name: string; info: string }
  | { type: 'status'; source: number; destination: number; code: number; text: string }
  | { type: 'server_quit'; source: number; replacement: number; text: string }
  | { type: 'chat'; source: number; destination: number; text: string }
  | { type: 'client_quit'; source: number; text: string };

const u32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
const sized = (text: string) => {
  const bytes = Buffer.from(text);
  return Buffer.concat([u32(bytes.length), bytes]);
};
const registration = (typeByte: number, id: number, lastHop: number, name: string, info: string) => {
  const header = Buffer.alloc(12);
  header[0] = typeByte;
  header.writeUInt32BE(id, 1);
  header.writeUInt32BE(lastHop, 5);
  header.writeUInt8(Buffer.byteLength(name), 9);
  header.writeUInt16BE(Buffer.byteLength(info), 10);
  return Buffer.concat([header, Buffer.from(name), Buffer.from(info)]);
};

/** The bytes of each message, written by hand. */
export const raw = {
  server: (id: number, lastHop = 0, name = `server ${id}`, info = '') =>
    registration(0x00, id, lastHop, name, info),
  client: (id: number, lastHop = 0, name = `client ${id}`, info = '') =>
    registration(0x80, id, lastHop, name, info),
  status: (source: number, destination: number, code: number, text: string) =>
    Buffer.concat([Buffer.from([0x01]), u32(source), u32(destination), Buffer.from([0, code]), sized(text)]),
  serverQuit: (source: number, replacement: number, text: string) =>
    Buffer.concat([Buffer.from([0x02]), u32(source), u32(replacement), sized(text)]),
  chat: (source: number, destination: number, text: string) =>
    Buffer.concat([Buffer.from([0x81]), u32(source), u32(destination), sized(text)]),
  clientQuit: (source: number, text: string) =>
    Buffer.concat([Buffer.from([0x82]), u32(source), sized(text)]),
};

function takeMessage(bytes: Buffer): [RawMessage, Buffer] | undefined {
  const typeByte = bytes[0];
  const headerBytes = { 0: 12, 1: 15, 2: 13, 128: 12, 129: 13, 130: 9 }[typeByte ?? -1];
  if (headerBytes === undefined) {
    if (typeByte === undefined) return undefined;
    throw new Error(`a relay sent the type byte ${typeByte}`);
  }
  if (bytes.length < headerBytes) return undefined;
  const source = bytes.readUInt32BE(1);
  if (typeByte === 0 || typeByte === 128) {
    const infoAt = 12 + bytes.readUInt8(9);
    const end = infoAt + bytes.readUInt16BE(10);
    if (bytes.length < end) return undefined;
    return [
      {
        type: typeByte === 0 ? 'server' : 'client',
        source,
        lastHop: bytes.readUInt32BE(5),
        name: bytes.toString('utf8', 12, infoAt),
        info: bytes.toString('utf8', infoAt, end),
      },
      bytes.subarray(end),
    ];
  }
  const end = headerBytes + bytes.readUInt32BE(headerBytes - 4);
  if (bytes.length < end) return undefined;
  const text = bytes.toString('utf8', headerBytes, end);
  const second = typeByte === 130 ? 0 : bytes.readUInt32BE(5);
  const message: RawMessage =
    typeByte === 1
      ? { type: 'status', source, destination: second, code: bytes.readUInt16BE(9), text }
      : typeByte === 2
        ? { type: 'server_quit', source, replacement: second, text }
        : typeByte === 129
          ? { type: 'chat', source, destination: second, text }
          : { type: 'client_quit', source, text };
  return [message, bytes.subarray(end)];
}

export class RawHost {
  /** Everything that arrived, in order. */
  readonly inbox: RawMessage[] = [];
  isClosed = false;
  readonly socket: Socket;
  #rest: Buffer = Buffer.alloc(0);
  #waiting: (() => void)[] = [];

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      this.#rest = Buffer.concat([this.#rest, bytes]);
      for (let next = takeMessage(this.#rest); next; next = takeMessage(this.#rest)) {
        this.inbox.push(next[0]);
        this.#rest = next[1];
      }
      this.#wake();
    });
    socket.on('close', () => {
      this.isClosed = true;
      this.#wake();
    });
  }

  static async connect(port: number): Promise<RawHost> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new RawHost(socket);
  }

  send(...messages: Uint8Array[]): void {
    this.socket.write(Buffer.concat(messages));
  }

  /** Waits until the condition holds for what arrived, or for the link's end; jest's own timeout is the limit. */
  async until(condition: (host: this) => boolean): Promise<void> {
    while (!condition(this)) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Waits for the first message that matches, whether or not it is already there. */
  async next<Type extends RawMessage['type']>(
    type: Type,
    fits: (message: Extract<RawMessage, { type: Type }>) => boolean = () => true,
  ): Promise<Extract<RawMessage, { type: Type }>> {
    const find = () =>
      this.inbox.find((message) => message.type === type && fits(message as never)) as
        | Extract<RawMessage, { type: Type }>
        | undefined;
    await this.until(() => find() !== undefined);
    return find() as Extract<RawMessage, { type: Type }>;
  }

  /** Waits until that many messages of the type are there. */
  async has(count: number, type: RawMessage['type']): Promise<void> {
    await this.until(({ inbox }) => inbox.filter((message) => message.type === type).length >= count);
  }

  async closed(): Promise<void> {
    await this.until((host) => host.isClosed);
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }
}

/** A server that speaks raw bytes, which our relays may be told to connect to. */
export class RawListener {
  readonly #server: Server;
  /** Includes relays that no test asked for: unread, they would keep the listener from closing. */
  readonly #sockets: Socket[] = [];

  constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket) => this.#sockets.push(socket));
  }

  /** Listens on a free port, or on one that was used before. */
  static async listen(port = 0): Promise<RawListener> {
    const server = createServer().listen(port, '127.0.0.1');
    await once(server, 'listening');
    return new RawListener(server);
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  /** The next relay that connects. */
  async accept(): Promise<RawHost> {
    const [socket] = await once(this.#server, 'connection');
    return new RawHost(socket as Socket);
  }

  async end(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const listener = await RawListener.listen();
  const { port } = listener;
  await listener.end();
  return port;
}
