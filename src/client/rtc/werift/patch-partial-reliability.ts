/**
 * Partially reliable channels (RFC 3758): after a number of retransmissions or a lifetime, a message is abandoned.
 * werift's implementation does not do so: it counts a lifetime in the wrong unit, takes `maxRetransmits: 0` for no
 * limit, abandons a message other than the lost one, and announces that only once; and it announces such a channel
 * wrongly.
 */
import type { RTCDataChannel } from 'werift';
import { isAfter } from './serial-number.ts';

/** RFC 9260 section 3.3.1: flags of a DATA chunk. */
export const LAST_FRAGMENT = 0x01;
const FIRST_FRAGMENT = 0x02;
const UNORDERED = 0x04;

/** RFC 8832 section 5.1: DATA_CHANNEL_OPEN, and its channel types. */
const DCEP_PPID = 50;
const DATA_CHANNEL_OPEN = 0x03;
const RELIABLE = 0x00;
const LIMITED_RETRANSMITS = 0x01;
const LIMITED_LIFE_TIME = 0x02;
const UNORDERED_TYPE = 0x80;

interface DataChunk {
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

interface SendOptions {
  expiry?: number | undefined;
  maxRetransmits?: number | undefined;
  ordered?: boolean;
}

/** What this file uses of werift's SCTP association, most of it beyond its typings. */
export interface PartiallyReliable {
  lastSackedTsn: number;
  advancedPeerAckTsn: number;
  forwardTsnChunk: unknown;
  sentQueue: DataChunk[];
  outboundQueue: DataChunk[];
  send(streamId: number, ppid: number, data: Buffer, options?: SendOptions): Promise<void>;
  maybeAbandon(chunk: DataChunk): boolean;
  updateAdvancedPeerAckPoint(): void;
  flightSizeDecrease(chunk: DataChunk): void;
}

export interface Channels {
  readonly dataChannels: { readonly [streamId: number]: RTCDataChannel };
  readonly dataChannelQueue: [RTCDataChannel, number, Buffer][];
}

/**
 * Corrects how a new channel is announced: werift omits that it is unordered if it also has a limit, and counts a
 * label's characters instead of its bytes.
 */
export function patchOpening(transport: Channels | undefined, channel: RTCDataChannel): void {
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

export function patchPartialReliability(sctp: PartiallyReliable, channels: Channels): void {
  limitMessages(sctp, channels);
  abandonMessages(sctp);
}

/** Gives each message the lifetime of its channel, in the unit in which it is checked. */
function limitMessages(sctp: PartiallyReliable, channels: Channels): void {
  const send = sctp.send.bind(sctp);
  sctp.send = (streamId, ppid, data, options = {}) => {
    const lifeTimeMs = ppid === DCEP_PPID ? null : channels.dataChannels[streamId]?.maxPacketLifeTime;
    return send(streamId, ppid, data, {
      ordered: options.ordered ?? true,
      expiry: typeof lifeTimeMs === 'number' ? (Date.now() + lifeTimeMs) / 1000 : undefined,
      maxRetransmits: options.maxRetransmits,
    });
  };
}

/**
 * Abandons the whole message that a lost chunk belongs to, and announces that until the other side has acknowledged it.
 */
function abandonMessages(sctp: PartiallyReliable): void {
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

function abandon(sctp: PartiallyReliable, lost: DataChunk): void {
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
  // The rest of it is no longer sent; its chunks already have numbers, so they count as sent.
  while (isSameMessage(outboundQueue[0]) && !(outboundQueue[0].flags & FIRST_FRAGMENT)) {
    const rest = outboundQueue.shift() as DataChunk;
    rest.abandoned = true;
    sentQueue.push(rest);
    if (rest.flags & LAST_FRAGMENT) return;
  }
}
