/**
 * Patches the SCTP association of one connection. werift sends one message per packet, each with its own encryption,
 * system call and acknowledgement, although small messages may share a packet (RFC 9260 section 6.10). It also sends
 * larger bursts than a socket holds, throws at invalid packets, never abandons messages, and closes channels too early
 * (see the other patches).
 */
import {
  type Channels,
  LAST_FRAGMENT,
  type PartiallyReliable,
  patchPartialReliability,
} from './patch-partial-reliability.ts';
import { patchStreamReset, type Resettable } from './patch-stream-reset.ts';

const DATA_CHUNK_TYPE = 0;

/** The largest packet that werift makes: its largest chunk. */
const MAX_PACKET_BYTES = 1200 + 16;
const MAX_WINDOW_BYTES = 64 * 1024;
/** The limit that werift's descriptions announce. */
const MAX_RECEIVED_BYTES = 64 * 1024;
const SUSPICIOUS_ROOM_BYTES = 512 * 1024;
/** A peer that keeps to the window never exceeds it by more than a packet (RFC 9260 section 6.1). */
const OVERDRAWN_BYTES = -64 * 1024;
/**
 * How many chunks may wait for the rest of their messages, or for earlier ones: small ones hardly count in the window.
 * A peer that sends 30,000 messages per second has fewer, even if a packet is lost.
 */
const MAX_WAITING_CHUNKS = 32 * 1024;
/** They are counted once per so many packets. */
const COUNTED_EVERY = 1024;

interface IncomingChunk {
  readonly tsn: number;
  readonly flags: number;
  readonly userData: Buffer;
}

/** What this file uses of werift's SCTP association, most of it beyond its typings. */
interface Association extends PartiallyReliable, Resettable {
  state: string;
  cwnd: number;
  sendChunk(chunk: { readonly type?: number; readonly bytes: Buffer }): Promise<void>;
  /** Of 1 MiB, the rest that is left for incomplete messages. */
  readonly advertisedRwnd: number;
  /** The numbers of chunks that arrived before earlier ones. */
  readonly sackMisOrdered: { readonly size: number };
  readonly inboundStreams: { readonly [streamId: number]: { readonly reassembly: readonly IncomingChunk[] } };
  readonly transport: { onData: (packet: Buffer) => void };
  readonly onReceive: {
    allUnsubscribe(): void;
    subscribe(receive: (...message: Received) => void): void;
  };
}

type Received = [streamId: number, ppid: number, data: Buffer];

export interface SctpTransport extends Channels {
  readonly sctp: unknown;
  datachannelReceive(...message: Received): Promise<void>;
}

const patched = new WeakSet<object>();

/**
 * Patches the association under a transport, unless it already was.
 * @param oversized called when a message arrives that is larger than what we accept
 */
export function patchSctp(transport: SctpTransport | undefined, oversized: () => void): void {
  if (!transport || patched.has(transport.sctp as object)) return;
  patched.add(transport.sctp as object);
  const sctp = transport.sctp as Association;
  patchStreamReset(sctp);
  passOverNonsense(sctp, transport, oversized);
  capWindow(sctp);
  bundleChunks(sctp);
  patchPartialReliability(sctp, transport);
}

/**
 * werift throws where nobody catches it when it cannot read a packet, or a message belongs to no channel: a peer could
 * end the process. Such packets are ignored.
 */
function passOverNonsense(sctp: Association, transport: SctpTransport, oversized: () => void): void {
  const ignore = () => {};
  let packets = 0;
  const receive = async (packet: Buffer) => {
    await sctp.handleData(packet);
    packets += 1;
    if (isFlooded(sctp, packets)) oversized();
  };
  sctp.transport.onData = (packet) => void receive(packet).catch(ignore);
  sctp.onReceive.allUnsubscribe();
  sctp.onReceive.subscribe((...message) => void transport.datachannelReceive(...message).catch(ignore));
}

/**
 * Linux gives a UDP socket 208 KiB for unread data, counting each packet's overhead; anything beyond that in one burst
 * is lost, and a loss at the end of a burst costs a second of silence.
 */
function capWindow(sctp: Association): void {
  let { cwnd } = sctp;
  Object.defineProperty(sctp, 'cwnd', {
    get: () => cwnd,
    set: (bytes: number) => {
      cwnd = Math.min(bytes, MAX_WINDOW_BYTES);
    },
  });
}

/**
 * Whether more waits for the rest of its messages than a peer that keeps to the protocol sends. werift keeps it all,
 * though it announces a window.
 */
function isFlooded(sctp: Association, packets: number): boolean {
  const { advertisedRwnd, inboundStreams, sackMisOrdered } = sctp;
  if (advertisedRwnd < OVERDRAWN_BYTES || sackMisOrdered.size > MAX_WAITING_CHUNKS) return true;
  if (packets % COUNTED_EVERY === 0) {
    const waiting = Object.values(inboundStreams).reduce((sum, { reassembly }) => sum + reassembly.length, 0);
    if (waiting > MAX_WAITING_CHUNKS) return true;
  }
  // Checked only when many bytes belong to incomplete messages: an oversized one would stay there forever, and block
  // everything else.
  return advertisedRwnd < SUSPICIOUS_ROOM_BYTES && Object.values(inboundStreams).some(isOversized);
}

/** Whether the first incomplete message is larger than what we accept. */
function isOversized({ reassembly }: { readonly reassembly: readonly IncomingChunk[] }): boolean {
  let size = 0;
  let next = reassembly[0]?.tsn;
  for (const { tsn, flags, userData } of reassembly) {
    if (tsn !== next || flags & LAST_FRAGMENT) return false;
    size += userData.length;
    next = (tsn + 1) >>> 0;
  }
  return size > MAX_RECEIVED_BYTES;
}

/** Lets small messages that are sent together share packets. */
function bundleChunks(sctp: Association): void {
  const sendPacket = sctp.sendChunk.bind(sctp);
  let waiting: Buffer[] = [];
  let size = 0;
  const flush = () => {
    if (waiting.length === 0) return;
    const bytes = waiting.length === 1 ? (waiting[0] as Buffer) : Buffer.concat(waiting, size);
    waiting = [];
    size = 0;
    // A packet lost here is resent like one lost on the way.
    if (sctp.state !== 'closed') sendPacket({ bytes }).catch(() => {});
  };
  sctp.sendChunk = async (chunk) => {
    if (chunk.type !== DATA_CHUNK_TYPE) {
      flush();
      return sendPacket(chunk);
    }
    const { bytes } = chunk;
    if (size + bytes.length > MAX_PACKET_BYTES) flush();
    // After all promises that settle now: werift awaits between one chunk and the next.
    if (waiting.length === 0) process.nextTick(flush);
    waiting.push(bytes);
    size += bytes.length;
  };
}
