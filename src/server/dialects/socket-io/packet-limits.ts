/**
 * Limits below Socket.IO's events. Its packets (acknowledgements, requests to enter a namespace, parts of binary
 * messages, heartbeats) come and go without any event, so events alone do not show what a client sends or is owed.
 */
import { SendingRate } from '../../admission/rate-limits.ts';
import type { WebSocket, WebSocketBehavior } from '../../http/shell/shell.ts';
import type { ServerOptions } from '../../options.ts';
import type { WaitingBytes, Waits } from '../../signaling/waiting-bytes.ts';
import type { RefusalLog } from '../../telemetry/refusal-log.ts';

/** What is used of the connection below Socket.IO's, beyond its typings. */
export interface PacketConnection {
  /** On WebSocket with a socket, whose method throws once it is closed. */
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
  /** The time in milliseconds. */
  readonly now: () => number;
  readonly refusals: RefusalLog;
  /** Counts a refusal by its kind. */
  readonly refused: (kind: string) => void;
  readonly sent: (bytes: number) => void;
  /** What waits for all clients together. */
  readonly waiting: Pick<WaitingBytes, 'added' | 'addSource'>;
}

const REASONS = {
  flood: 'sent too many packets',
  unknown_namespace: 'asked for a namespace that is not there',
  binary_parts: 'sent a message in too many binary parts',
  unsent_bytes: 'does not read what it is sent',
} as const;

/** No message of ours has any; one that has some is refused politely. */
const MAX_PARTS = 4;

/** What keeps one packet that waits, beside its own bytes. */
const PACKET_BYTES = 100;

/** Socket.IO's packet types are digits in front: 2 is an event, 5 one with binary parts, 0 asks for a namespace. */
const isEvent = ({ type, data }: Packet) =>
  type === 'message' && typeof data === 'string' && /^[25]/.test(data);
/** Socket.IO keeps the parts of a message until it has as many as the message says. */
const partsOf = ({ data }: Packet) =>
  typeof data === 'string' ? Number(/^[56](\d+)-/.exec(data)?.[1] ?? 0) : 0;
const isForOtherNamespace = ({ data }: Packet) => typeof data === 'string' && data.startsWith('0/');

export interface LimitedConnection extends Waits {
  /** In which events are counted, too. */
  readonly rate: SendingRate;
  /** Whether a peer may send it so many bytes more: as many as may be unsent, and one message always. */
  hasRoomFor(bytes: number): boolean;
  /** Whether a limit ended it. */
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
    if (partsOf(packet) > MAX_PARTS) {
      end('binary_parts');
      return;
    }
    // Events are counted where their refusal can be told, and everybody has to join once.
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
  // Only a client on polling leaves anything unsent here, until it polls again.
  connection.on('packetCreate', ({ data }) => {
    const bytes = data?.length ?? 0;
    sent(bytes);
    unsentBytes += bytes + PACKET_BYTES;
    waiting.added(bytes + PACKET_BYTES);
    if (limited.isEnded) return;
    if (maxUnsentBytes === 0 || unsentBytes <= maxUnsentBytes) return;
    unsentBytes = 0;
    end('unsent_bytes');
  });
  connection.on('drain', () => {
    unsentBytes = 0;
  });
  return limited;
}

/** What waits in its WebSocket, where it has one that is open. */
function bufferedIn({ transport }: PacketConnection): number {
  try {
    return transport.name === 'websocket' ? (transport.socket?.getBufferedAmount() ?? 0) : 0;
  } catch {
    return 0;
  }
}

/** How a WebSocket ends that sends too many frames (RFC 6455 section 7.4.1: a policy). */
const POLICY_VIOLATION = 1008;

/**
 * Counts each frame of a WebSocket, also pings, and those that come before Socket.IO has taken the socket for a
 * client's.
 */
export function limitFrames(
  behavior: WebSocketBehavior<unknown>,
  { options, now, refused }: PacketLimitsDeps,
): WebSocketBehavior<unknown> {
  const rates = new WeakMap<object, SendingRate>();
  // Events are refused politely before that, and what Socket.IO needs for itself takes nothing from them.
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
