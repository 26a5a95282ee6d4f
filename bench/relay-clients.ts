/**
 * The clients of relay-network.ts, in a separate process: they send and receive raw bytes, and each keeps its table as
 * bits.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export type ClientsOrder =
  | { type: 'join'; ports: readonly number[]; count: number; firstId: number }
  | { type: 'chat'; from: number; to: number; count: number; bytes: number }
  | { type: 'join_last'; port: number };

export interface ClientsReport {
  readonly type: 'progress' | 'done';
  readonly joined?: number;
  readonly wrongTables?: number;
  readonly welcomeMs?: number;
  readonly knowsAllMs?: number;
  readonly knownByAllMs?: number;
}

/** Clients that register at once: as many as a server's backlog takes without loss. */
const WAVE = 100;
/** Chat messages in flight at once. */
const WINDOW = 500;

let firstId = 0;
let room = 0;
const clients: Client[] = [];
let wake = () => {};

class Client {
  readonly known = new Uint8Array(room);
  knownCount = 0;
  isWelcome = false;
  chats = 0;
  readonly id: number;
  readonly socket: Socket;
  #rest: Buffer = Buffer.alloc(0);

  constructor(id: number, port: number) {
    this.id = id;
    this.socket = connect(port, '127.0.0.1');
    this.socket.setNoDelay(true);
    this.socket.on('error', (error) => {
      throw error;
    });
    this.socket.on('data', (bytes) => this.#read(bytes));
    const name = `client ${id}`;
    const registration = Buffer.alloc(12);
    registration[0] = 0x80;
    registration.writeUInt32BE(id, 1);
    registration[9] = name.length;
    this.socket.write(Buffer.concat([registration, Buffer.from(name)]));
  }

  #read(bytes: Buffer): void {
    const all = this.#rest.length > 0 ? Buffer.concat([this.#rest, bytes]) : bytes;
    let at = 0;
    for (let size = sizeAt(all, at); size > 0 && at + size <= all.length; size = sizeAt(all, at)) {
      this.#take(all[at] as number, all.readUInt32BE(at + 1));
      at += size;
    }
    this.#rest = all.subarray(at);
    wake();
  }

  #take(typeByte: number, source: number): void {
    if (typeByte === 0x01) this.isWelcome = true;
    else if (typeByte === 0x81) this.chats += 1;
    else if (typeByte === 0x80 || typeByte === 0x82) {
      const bit = typeByte === 0x80 ? 1 : 0;
      const index = source - firstId;
      if (this.known[index] !== bit) this.knownCount += bit ? 1 : -1;
      this.known[index] = bit;
    }
  }
}

/** The size of the message at that offset, or 0 if its header is incomplete. */
function sizeAt(bytes: Buffer, at: number): number {
  const left = bytes.length - at;
  switch (bytes[at]) {
    case 0x80:
      return left < 12 ? 0 : 12 + bytes.readUInt8(at + 9) + bytes.readUInt16BE(at + 10);
    case 0x81:
      return left < 13 ? 0 : 13 + bytes.readUInt32BE(at + 9);
    case 0x82:
      return left < 9 ? 0 : 9 + bytes.readUInt32BE(at + 5);
    case 0x01:
      return left < 15 ? 0 : 15 + bytes.readUInt32BE(at + 11);
    default:
      if (left === 0) return 0;
      throw new Error(`unexpected type byte ${bytes[at]}`);
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition())
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
}

async function join(order: Extract<ClientsOrder, { type: 'join' }>): Promise<ClientsReport> {
  firstId = order.firstId;
  // One extra slot, for the last client.
  room = order.count + 1;
  while (clients.length < order.count) {
    const wave = Math.min(WAVE, order.count - clients.length);
    for (let i = 0; i < wave; i += 1) {
      const index = clients.length;
      clients.push(new Client(firstId + index, order.ports[index % order.ports.length] as number));
    }
    const newcomers = clients.slice(-wave);
    await until(() => newcomers.every(({ isWelcome }) => isWelcome));
    if (clients.length % 1_000 === 0) process.send?.({ type: 'progress', joined: clients.length });
  }
  await until(() => clients.every(({ knownCount }) => knownCount === order.count - 1));
  const wrongTables = clients.filter(({ id, known }) =>
    known.subarray(0, order.count).some((bit, i) => bit !== (firstId + i === id ? 0 : 1)),
  ).length;
  return { type: 'done', wrongTables };
}

async function chat({
  from,
  to,
  count,
  bytes,
}: Extract<ClientsOrder, { type: 'chat' }>): Promise<ClientsReport> {
  const [sender, receiver] = [from, to].map((id) => clients[id - firstId]) as [Client, Client];
  const message = Buffer.alloc(13 + bytes, 0x78);
  message[0] = 0x81;
  message.writeUInt32BE(from, 1);
  message.writeUInt32BE(to, 5);
  message.writeUInt32BE(bytes, 9);
  receiver.chats = 0;
  for (let sent = 0; sent < count; ) {
    // Each message is a separate write, as with real users.
    for (; sent < count && sent - receiver.chats < WINDOW; sent += 1) sender.socket.write(message);
    await until(() => sent - receiver.chats < WINDOW / 2 || receiver.chats === count);
  }
  await until(() => receiver.chats === count);
  return { type: 'done' };
}

async function joinLast({ port }: Extract<ClientsOrder, { type: 'join_last' }>): Promise<ClientsReport> {
  const index = clients.length;
  const start = performance.now();
  const last = new Client(firstId + index, port);
  const msWhen = async (condition: () => boolean) => {
    await until(condition);
    return performance.now() - start;
  };
  const welcomeMs = await msWhen(() => last.isWelcome);
  const knowsAllMs = await msWhen(() => last.knownCount === index);
  const knownByAllMs = await msWhen(() => clients.every(({ known }) => known[index] === 1));
  last.socket.end();
  await once(last.socket, 'close');
  await until(() => clients.every(({ known }) => known[index] === 0));
  return { type: 'done', welcomeMs, knowsAllMs, knownByAllMs };
}

process.on('message', async (order: ClientsOrder) => {
  const report = order.type === 'join' ? join(order) : order.type === 'chat' ? chat(order) : joinLast(order);
  process.send?.(await report);
});
