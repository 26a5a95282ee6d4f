/**
 * What werift's SCTP lacks, put onto the association of one connection. It sends one message a packet, each with its
 * own encryption, system call and acknowledgement, where SCTP lets small ones share a packet (RFC 9260 section 6.10).
 * And its partial reliability (RFC 3758) does not give up: it counts a life time in the wrong unit, takes
 * `maxRetransmits: 0` for no limit, abandons another message than the lost one, and says so only once.
 */
import type { RTCDataChannel } from './werift.ts';

/** RFC 9260 section 3.3.1: flags of a DATA chunk. */
const LAST_FRAGMENT = 0x01;
const FIRST_FRAGMENT = 0x02;
const UNORDERED = 0x04;
const DATA_CHUNK_TYPE = 0;

/** What werift gives a packet at most: its largest chunk. */
const MAX_PACKET_BYTES = 1200 + 16;
const MAX_WINDOW_BYTES = 64 * 1024;
/** What werift's descriptions say that we take. */
const MAX_RECEIVED_BYTES = 64 * 1024;
const SUSPICIOUS_ROOM_BYTES = 512 * 1024;

/** RFC 8832 section 5.1: DATA_CHANNEL_OPEN, and its channel types. */
const DCEP_PPID = 50;
const DATA_CHANNEL_OPEN = 0x03;
const RELIABLE = 0x00;
const LIMITED_RETRANSMITS = 0x01;
const LIMITED_LIFE_TIME = 0x02;
const UNORDERED_TYPE = 0x80;

interface DataChunk {
  readonly type: number;
  readonly bytes: Buffer;
  readonly flags: number;
  readonly tsn: number;
  readonly streamId: number;
  readonly streamSeqNum: number;
  readonly maxRetransmits: number | undefined;
  readonly sentCount: number;
  /** Seconds since 1970. */
  readonly expiry: number | undefined;
  acked: boolean;
  abandoned: boolean;
  retransmit: boolean;
}

interface IncomingChunk {
  readonly tsn: number;
  readonly flags: number;
  readonly userData: Buffer;
}

interface SendOptions {
  expiry?: number | undefined;
  maxRetransmits?: number | undefined;
  ordered?: boolean;
}

/** What this file uses of werift's SCTP association, most of it beyond its typings. */
interface Association {
  state: string;
  cwnd: number;
  lastSackedTsn: number;
  advancedPeerAckTsn: number;
  forwardTsnChunk: unknown;
  sentQueue: DataChunk[];
  outboundQueue: DataChunk[];
  sendChunk(chunk: { readonly bytes: Buffer }): Promise<void>;
  send(streamId: number, ppid: number, data: Buffer, options?: SendOptions): Promise<void>;
  maybeAbandon(chunk: DataChunk): boolean;
  updateAdvancedPeerAckPoint(): void;
  flightSizeDecrease(chunk: DataChunk): void;
  /** Of 1 MiB, what is left for messages that wait for their rest. */
  readonly advertisedRwnd: number;
  readonly inboundStreams: { readonly [streamId: number]: { readonly reassembly: readonly IncomingChunk[] } };
  readonly transport: { onData: (packet: Buffer) => void };
  handleData(packet: Buffer): Promise<void>;
  readonly onReceive: {
    allUnsubscribe(): void;
    subscribe(receive: (...message: Received) => void): void;
  };
}

type Received = [streamId: number, ppid: number, data: Buffer];

export interface SctpTransport {
  readonly sctp: unknown;
  readonly dataChannels: { readonly [streamId: number]: RTCDataChannel };
  readonly dataChannelQueue: [RTCDataChannel, number, Buffer][];
  datachannelReceive(...message: Received): Promise<void>;
}

const mended = new WeakSet<object>();

/**
 * Mends the association under a transport, if it was not yet.
 * @param oversized a message comes that is larger than we said we take
 */
export function mendSctp(transport: SctpTransport | undefined, oversized: () => void): void {
  if (!transport || mended.has(transport.sctp as object)) return;
  mended.add(transport.sctp as object);
  const sctp = transport.sctp as Association;
  passOverNonsense(sctp, transport, oversized);
  capWindow(sctp);
  bundleChunks(sctp);
  limitMessages(sctp, transport);
  abandonMessages(sctp);
}

/**
 * Mends how a channel that was just created is announced: werift leaves out that it is unordered when it also has a
 * limit, and counts a label's characters where its bytes are meant.
 */
export function mendOpening(transport: SctpTransport | undefined, channel: RTCDataChannel): void {
  const opening = transport?.dataChannelQueue.find(
    ([other, ppid]) => other === channel && ppid === DCEP_PPID,
  );
  if (!opening) return;
  const { ordered, maxRetransmits, maxPacketLifeTime } = channel;
  const limit = maxRetransmits ?? maxPacketLifeTime;
  const kind = limit === null ? RELIABLE : maxRetransmits === null ? LIMITED_LIFE_TIME : LIMITED_RETRANSMITS;
  const label = Buffer.from(channel.label);
  const header = Buffer.alloc(12);
  header.writeUInt8(DATA_CHANNEL_OPEN, 0);
  header.writeUInt8(kind | (ordered ? 0 : UNORDERED_TYPE), 1);
  header.writeUInt32BE(limit ?? 0, 4);
  header.writeUInt16BE(label.length, 8);
  opening[2] = Buffer.concat([header, label]);
}

/**
 * werift throws at a packet that it cannot read and at a message of no channel, where nobody catches it: a peer could
 * end the process. Such things are passed over.
 */
function passOverNonsense(sctp: Association, transport: SctpTransport, oversized: () => void): void {
  const ignore = () => {};
  const receive = async (packet: Buffer) => {
    await sctp.handleData(packet);
    // Looked at only when much is waiting for its rest: it would stand there for ever, and hold up all else.
    const isFilling = sctp.advertisedRwnd < SUSPICIOUS_ROOM_BYTES;
    if (isFilling && Object.values(sctp.inboundStreams).some(isOversized)) oversized();
  };
  sctp.transport.onData = (packet) => void receive(packet).catch(ignore);
  sctp.onReceive.allUnsubscribe();
  sctp.onReceive.subscribe((...message) => void transport.datachannelReceive(...message).catch(ignore));
}

/**
 * Linux gives a UDP socket 208 KiB for what was not read yet, each packet counted with its overhead; more than that in
 * one burst is lost, and a loss at the end of a burst costs a second of silence.
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

/** Whether the first message that waits for its rest is larger than any that we take. */
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

/** Small messages that are sent in one go share packets. */
function bundleChunks(sctp: Association): void {
  const sendPacket = sctp.sendChunk.bind(sctp);
  let waiting: Buffer[] = [];
  let size = 0;
  const flush = () => {
    if (waiting.length === 0) return;
    const bytes = waiting.length === 1 ? (waiting[0] as Buffer) : Buffer.concat(waiting, size);
    waiting = [];
    size = 0;
    // What is lost here is sent again, as what is lost on the way.
    if (sctp.state !== 'closed') sendPacket({ bytes }).catch(() => {});
  };
  sctp.sendChunk = async (chunk) => {
    if ((chunk as DataChunk).type !== DATA_CHUNK_TYPE) {
      flush();
      return sendPacket(chunk);
    }
    const { bytes } = chunk;
    if (size + bytes.length > MAX_PACKET_BYTES) flush();
    // After all promises that are settled now: werift awaits between one chunk and the next.
    if (waiting.length === 0) process.nextTick(flush);
    waiting.push(bytes);
    size += bytes.length;
  };
}

/** Gives each message the life time of its channel, in the unit that it is checked by. */
function limitMessages(sctp: Association, transport: SctpTransport): void {
  const send = sctp.send.bind(sctp);
  sctp.send = (streamId, ppid, data, options = {}) => {
    const lifeTimeMs = ppid === DCEP_PPID ? null : transport.dataChannels[streamId]?.maxPacketLifeTime;
    return send(streamId, ppid, data, {
      ordered: options.ordered ?? true,
      expiry: typeof lifeTimeMs === 'number' ? (Date.now() + lifeTimeMs) / 1000 : undefined,
      maxRetransmits: options.maxRetransmits,
    });
  };
}

/** Gives up the whole message that a lost chunk is part of, and says so until the other side has understood. */
function abandonMessages(sctp: Association): void {
  sctp.maybeAbandon = (chunk) => {
    if (chunk.abandoned) return true;
    const { maxRetransmits, expiry, sentCount } = chunk;
    const isSpent = maxRetransmits !== undefined && maxRetransmits < sentCount;
    const isStale = expiry !== undefined && expiry < Date.now() / 1000;
    if (!isSpent && !isStale) return false;
    abandon(sctp, chunk);
    return true;
  };
  const advance = sctp.updateAdvancedPeerAckPoint.bind(sctp);
  let forward: unknown;
  sctp.updateAdvancedPeerAckPoint = () => {
    advance();
    forward = sctp.forwardTsnChunk ?? forward;
    if (isAfter(sctp.advancedPeerAckTsn, sctp.lastSackedTsn)) sctp.forwardTsnChunk ??= forward;
    else forward = undefined;
  };
}

function abandon(sctp: Association, lost: DataChunk): void {
  const isSameMessage = (chunk: DataChunk | undefined): chunk is DataChunk =>
    chunk !== undefined &&
    chunk.streamId === lost.streamId &&
    (chunk.flags & UNORDERED) === (lost.flags & UNORDERED) &&
    chunk.streamSeqNum === lost.streamSeqNum;
  const { sentQueue, outboundQueue } = sctp;
  let first = sentQueue.indexOf(lost);
  while (first > 0 && !((sentQueue[first] as DataChunk).flags & FIRST_FRAGMENT)) first -= 1;
  let chunk = sentQueue[first];
  for (let at = first; isSameMessage(chunk); at += 1, chunk = sentQueue[at]) {
    if (chunk !== lost && !chunk.acked) sctp.flightSizeDecrease(chunk);
    chunk.abandoned = true;
    chunk.retransmit = false;
    if (chunk.flags & LAST_FRAGMENT) return;
  }
  // The rest of it is not sent any more; it has its numbers already, so it counts as sent.
  while (isSameMessage(outboundQueue[0]) && !(outboundQueue[0].flags & FIRST_FRAGMENT)) {
    const rest = outboundQueue.shift() as DataChunk;
    rest.abandoned = true;
    sentQueue.push(rest);
    if (rest.flags & LAST_FRAGMENT) return;
  }
}

/** Sequence numbers wrap around (RFC 1982). */
function isAfter(a: number, b: number): boolean {
  return a !== b && (a - b) >>> 0 < 2 ** 31;
}
