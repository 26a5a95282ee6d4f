/**
 * Patches werift's DTLS. The client must survive a slow network or a busy peer: it resends what is not answered within
 * half a second, and then gets two answers; the second answer to its first message made it fail silently, and not even
 * an ICE restart would bring the connection back. A handshake that is incomplete when the connection is closed is no
 * longer resent, which kept the process alive for up to 33 s. The client sends its first message at once, where it
 * slept for 100 ms so that the server would be ready; what arrives before the server is ready is kept for it instead.
 */
import { Lifetime, pause } from './lifetime.ts';

/** RFC 6347 section 4.2.1: the server's answer to the first message, which the client then repeats with a cookie. */
const HELLO_VERIFY_REQUEST = 3;
const SERVER_HELLO = 2;
const FLIGHT_OF_ANSWER = 3;

/** What a client sends before it is answered: one ClientHello, possibly in fragments. */
const EARLY_PACKETS = 4;
const EARLY_PACKET_BYTES = 2048;

/** werift's values: how often a flight is resent, and by how much longer it waits each time. */
const RETRANSMITS = 10;
const RETRANSMIT_STEP_MS = 500;
const READY_TRIES = 10;
const READY_STEP_MS = 100;

/** What this file uses of werift's DTLS transport beyond its typings. */
export interface DtlsTransport {
  dtls?: DtlsSocket | undefined;
  readonly iceTransport: { readonly connection: { readonly onData: PacketEvent } };
}

interface PacketEvent {
  subscribe(take: (packet: Buffer) => void): { unSubscribe(): void };
}

interface DtlsSocket {
  /** In a client: sends its first message. */
  connect?(): Promise<void>;
  udpOnMessage(packet: Buffer): void;
  /** The progress of the handshake. */
  readonly dtls: { readonly flight: number };
  onHandleHandshakes(handshakes: readonly { readonly msg_type: number }[]): Promise<void>;
  waitForReady(condition: () => boolean): Promise<void>;
}

/** RFC 6347 section 4.2.4: messages that are sent and resent together. */
interface Flight {
  readonly dtls: { readonly flight: number };
  /** The flight that completes this one; undefined for the last. */
  readonly nextFlight: number | undefined;
  send(buffers: readonly Buffer[]): Promise<unknown>;
  transmit(buffers: readonly Buffer[]): Promise<void>;
}

/** Patches the client or server that the transport will create when it starts. */
export function patchDtls(transport: DtlsTransport): void {
  let socket: DtlsSocket | undefined;
  const early = keepEarly(transport.iceTransport.connection.onData);
  Object.defineProperty(transport, 'dtls', {
    get: () => socket,
    set(made: DtlsSocket | undefined) {
      socket = made;
      if (!made) return;
      passOverRepeated(made);
      made.waitForReady = waitForReady;
      greetAtOnce(made);
      const packets = early.take();
      // Not before werift listens to the object that it has just created.
      queueMicrotask(() => packets.forEach(made.udpOnMessage));
    },
  });
}

/** Keeps packets that arrive before there is a client or server to take them. */
function keepEarly(data: PacketEvent): { take(): readonly Buffer[] } {
  const packets: Buffer[] = [];
  const { unSubscribe } = data.subscribe((packet) => {
    const isKept = isDtls(packet) && packet.length <= EARLY_PACKET_BYTES && packets.length < EARLY_PACKETS;
    if (isKept) packets.push(packet);
  });
  return {
    take() {
      unSubscribe();
      return packets.splice(0);
    },
  };
}

/** RFC 7983 section 7: the first byte distinguishes DTLS from STUN and media. */
function isDtls(packet: Buffer): boolean {
  const first = packet[0] ?? 0;
  return first > 19 && first < 64;
}

function greetAtOnce(client: DtlsSocket): void {
  const connect = client.connect?.bind(client);
  if (!connect) return;
  const connecting = Promise.resolve().then(connect);
  // werift calls it, and handles a failure, only after it has slept.
  connecting.catch(() => {});
  client.connect = () => connecting;
}

function passOverRepeated(socket: DtlsSocket): void {
  const { onHandleHandshakes } = socket;
  socket.onHandleHandshakes = (handshakes) =>
    onHandleHandshakes(
      handshakes.filter(
        ({ msg_type }) => msg_type !== HELLO_VERIFY_REQUEST || socket.dtls.flight < FLIGHT_OF_ANSWER,
      ),
    );
}

/**
 * Patches every flight from here on. werift exports neither flights nor their class; the only way to it is a client
 * that creates a flight, which it does when it receives a server's hello.
 */
export function patchFlights(makeClient: () => object): void {
  const client = makeClient() as DtlsSocket & { readonly flight5?: Flight };
  // The content of the hello is looked at only after the flight was created.
  client.onHandleHandshakes([{ msg_type: SERVER_HELLO }]).catch(() => {});
  const flight = Object.getPrototypeOf(Object.getPrototypeOf(client.flight5 as Flight)) as Flight;
  if (typeof flight.transmit !== 'function') throw new Error('werift has no `Flight.transmit`');
  flight.transmit = transmit;
}

async function transmit(this: Flight, buffers: readonly Buffer[]): Promise<void> {
  const signal = Lifetime.current?.signal;
  for (let sent = 1; sent <= RETRANSMITS + 1; sent += 1) {
    if (signal?.aborted) return;
    this.send(buffers).catch(() => {});
    if (this.nextFlight === undefined) return;
    await pause(sent * RETRANSMIT_STEP_MS, signal);
    if (this.dtls.flight >= this.nextFlight) return;
  }
  if (!signal?.aborted) throw new Error('the DTLS handshake was not answered');
}

async function waitForReady(condition: () => boolean): Promise<void> {
  const signal = Lifetime.current?.signal;
  for (let tries = 0; tries < READY_TRIES; tries += 1) {
    if (condition()) return;
    if (signal?.aborted) break;
    await pause(tries * READY_STEP_MS, signal);
  }
  throw new Error('the DTLS handshake did not go on');
}
