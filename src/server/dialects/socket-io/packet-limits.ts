/**
 * Limits below Socket.IO's events. Packets such as acknowledgements, requests to join a namespace, parts of binary
 * messages and heartbeats cause no event, so counting events does not show all that a client sends or is owed.
 */
import { SendingRate } from '../../admission/rate-limits.ts';
import type { HttpResponse, WebSocket, WebSocketBehavior } from '../../http/shell/shell.ts';
import type { ServerOptions } from '../../options.ts';
import type { WaitingBytes, Waits } from '../../signaling/waiting-bytes.ts';
import type { RefusalLog } from '../../telemetry/refusal-log.ts';

/** The members used of the connection below Socket.IO's, beyond its typings. */
export interface PacketConnection {
  /** Has a socket if it is a WebSocket; the socket's methods throw once it is closed. */
  readonly transport: {
    readonly name: string;
    readonly socket?: Pick<WebSocket<unknown>, 'getBufferedAmount'>;
  };
  on(event: 'packet', listener: (packet: Packet) => void): void;
  on(event: 'packetCreate', listener: (packet: Packet) => void): void;
  on(event: 'drain', listener: () => void): void;
  close(discard: boolean): void;
}

interface Packet {
  readonly type: string;
  readonly data?: string | { readonly length: number };
}

export interface PacketLimitsDeps {
  readonly options: ServerOptions;
  /** @returns the time in milliseconds */
  readonly now: () => number;
  readonly refusals: RefusalLog;
  /** Counts a refusal by its kind. */
  readonly refused: (kind: string) => void;
  readonly sent: (bytes: number) => void;
  /** The bytes that wait for all clients together. */
  readonly waiting: Pick<WaitingBytes, 'added' | 'addSource'>;
}

const REASONS = {
  flood: 'sent too many packets',
  unknown_namespace: 'asked for a namespace that is not there',
  binary_parts: 'sent a message in too many binary parts',
  unsent_bytes: 'does not read what it is sent',
} as const;

/** None of our messages has binary parts; one that has a few is refused with an error. */
const MAX_PARTS = 4;

/** Memory that a waiting packet takes besides its bytes. */
const PACKET_BYTES = 100;

/**
 * Socket.IO packets start with a digit for their type: 2 is an event, 5 an event with binary parts, 0 a request to join
 * a namespace.
 */
const isEvent = ({ type, data }: Packet) =>
  type === 'message' && typeof data === 'string' && /^[25]/.test(data);
/** Whether a message announces too many parts: Socket.IO keeps them until it has them all. */
const hasTooManyParts = ({ data }: Packet) =>
  typeof data === 'string' && Number(/^[56](\d+)-/.exec(data)?.[1]) > MAX_PARTS;
const isForOtherNamespace = ({ data }: Packet) => typeof data === 'string' && data.startsWith('0/');

export interface LimitedConnection extends Waits {
  /** Also counts events. */
  readonly rate: SendingRate;
  /** Whether a peer may send it this many bytes more: up to the limit, and always at least one message. */
  hasRoomFor(bytes: number): boolean;
  /** Whether a limit has ended it. */
  isEnded: boolean;
}

export function limitPackets(
  connection: PacketConnection,
  address: string,
  { options, now, refusals, refused, sent, waiting }: PacketLimitsDeps,
): LimitedConnection {
  const { maxUnsentBytes } = options;
  let unsentBytes = 0;
  const limited: LimitedConnection = {
    rate: new SendingRate(),
    isEnded: false,
    get waitingBytes() {
      return limited.isEnded ? 0 : unsentBytes + bufferedIn(connection);
    },
    hasRoomFor(bytes) {
      const { waitingBytes } = limited;
      return (
        maxUnsentBytes === 0 || waitingBytes === 0 || waitingBytes + bytes + PACKET_BYTES <= maxUnsentBytes
      );
    },
    shedWaiting() {
      if (!limited.isEnded && limited.waitingBytes > 0) end('unsent_bytes');
    },
  };
  let isJoining = true;
  const end = (kind: keyof typeof REASONS) => {
    refused(kind);
    refusals.warn(kind, address, `Closed a Socket.IO client that ${REASONS[kind]}`);
    limited.isEnded = true;
    connection.close(true);
  };
  connection.on('packet', (packet) => {
    if (hasTooManyParts(packet)) {
      end('binary_parts');
      return;
    }
    // Events are counted where a refusal can be reported, and every client has to join once.
    if (isEvent(packet)) return;
    if (isJoining && typeof packet.data === 'string' && /^0(?!\/)/.test(packet.data)) {
      isJoining = false;
      return;
    }
    const flood = limited.rate.take(now(), packet.data?.length ?? 0, options);
    if (flood?.isFirst) refused(flood.code);
    if (flood?.isLast) end('flood');
    else if (packet.type === 'message' && isForOtherNamespace(packet)) end('unknown_namespace');
  });
  // Only a polling client leaves anything unsent here, until its next poll.
  connection.on('packetCreate', ({ data }) => {
    const bytes = data?.length ?? 0;
    sent(bytes);
    unsentBytes += bytes + PACKET_BYTES;
    waiting.added(bytes + PACKET_BYTES);
    if (limited.isEnded) return;
    if (maxUnsentBytes > 0 && unsentBytes > maxUnsentBytes) end('unsent_bytes');
  });
  connection.on('drain', () => {
    unsentBytes = 0;
  });
  return limited;
}

/** Unsent bytes of its WebSocket, if it has an open one. */
function bufferedIn({ transport }: PacketConnection): number {
  try {
    return transport.name === 'websocket' ? (transport.socket?.getBufferedAmount() ?? 0) : 0;
  } catch {
    return 0;
  }
}

/** Close code for a WebSocket that sends too many frames (RFC 6455 section 7.4.1: policy violation). */
const POLICY_VIOLATION = 1008;

/**
 * Counts every frame of a WebSocket, including pings, and those that arrive before Socket.IO has a client for the
 * socket.
 */
export function limitFrames(
  behavior: WebSocketBehavior<unknown>,
  { options, now, refused }: PacketLimitsDeps,
): WebSocketBehavior<unknown> {
  const rates = new WeakMap<object, SendingRate>();
  // Twice the burst, so that events are refused with an error first, and Socket.IO's own packets do not use up their
  // rate.
  const wider = { ...options, maxMessageBurst: 2 * options.maxMessageBurst };
  const isTaken = (socket: WebSocket<unknown>, { byteLength }: ArrayBuffer): boolean => {
    const rate = rates.get(socket) ?? new SendingRate();
    rates.set(socket, rate);
    if (!rate.take(now(), byteLength, wider)?.isLast) return true;
    refused('flood');
    socket.end(POLICY_VIOLATION, 'Too many messages');
    return false;
  };
  return {
    ...behavior,
    message(socket, bytes, isBinary) {
      if (isTaken(socket, bytes)) return behavior.message?.(socket, bytes, isBinary);
    },
    ping: (socket, bytes) => void isTaken(socket, bytes),
    pong: (socket, bytes) => void isTaken(socket, bytes),
  };
}

/** Stands between the packets of a polling request. */
const SEPARATOR = 0x1e;

type DataHandler = Parameters<HttpResponse['onData']>[0];

/**
 * Ends a polling request with more packets than a WebSocket may send at once, before any is read: Engine.IO would take
 * apart tens of thousands, although all but a few are refused.
 */
export function limitPayload(
  res: Pick<HttpResponse, 'close'>,
  handler: DataHandler,
  { options: { maxMessagesPerSecond, maxMessageBurst }, refused }: PacketLimitsDeps,
): DataHandler {
  let left = maxMessagesPerSecond === 0 ? Number.POSITIVE_INFINITY : 2 * maxMessageBurst;
  return (chunk, isLast) => {
    // The `ws` shell hands on what it had read before the end.
    if (left <= 0) return;
    const bytes = Buffer.from(chunk);
    for (let at = bytes.indexOf(SEPARATOR); at >= 0 && left > 0; at = bytes.indexOf(SEPARATOR, at + 1))
      left -= 1;
    if (left > 0) {
      handler(chunk, isLast);
      return;
    }
    refused('flood');
    res.close();
  };
}
