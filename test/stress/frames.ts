/** What the fuzzer sends: valid messages, mutated ones and noise, in WebSocket frames that are intact or broken. */
import type { Random } from './random.ts';

const TEXT = 0x1;
const BINARY = 0x2;
const CLOSE = 0x8;
const PING = 0x9;

/** A valid message of the protocol, with a random id where it needs one. `from` lets the receiver check it. */
function valid(random: Random, self: string, ids: readonly string[]): string {
  const id = random.pick(ids);
  return JSON.stringify(
    random.pick<object>([
      { type: 'pair_request', target_id: id },
      { type: 'pair_request', key: '0000-0000-0000' },
      { type: 'create_key', ttl_s: 60, uses: 2 },
      { type: 'offer', sdp: 'v=0\r\n', from: self },
      { type: 'offer', sdp: 'v=0\r\n', request: random.below(10) + 1, from: self },
      { type: 'answer', sdp: 'v=0\r\n', from: self, epoch: random.below(100) },
      { type: 'candidate', candidate: { candidate: 'candidate:1', sdpMid: '0' }, from: self },
      { type: 'candidate', candidate: null, from: self },
      { type: 'report', state: 'connected' },
      { type: 'resume', id, token: 'x', received: 0 },
      { type: 'ack', received: random.below(10) },
      { type: 'unpair' },
      { type: 'pong' },
    ]),
  );
}

/** Bytes that parsers often mishandle. */
const AWKWARD = ['"', '\\', '{', '}', '[', ']', '\\ud800', '\0', '\xff', '1e999', '__proto__', 'null', '-0'];

const mutations: readonly ((random: Random, bytes: Buffer) => Buffer)[] = [
  (random, bytes) => {
    const flipped = Buffer.from(bytes);
    const at = random.below(flipped.length);
    flipped[at] = random.below(128);
    return flipped;
  },
  (random, bytes) => bytes.subarray(0, random.below(bytes.length)),
  (random, bytes) => Buffer.concat([bytes, bytes.subarray(random.below(bytes.length))]),
  (random, bytes) => {
    const at = random.below(bytes.length);
    const awkward = Buffer.from(random.pick(AWKWARD));
    return Buffer.concat([bytes.subarray(0, at), awkward, bytes.subarray(at)]);
  },
  (random, bytes) => {
    const [from, to] = [random.below(bytes.length), random.below(bytes.length)];
    return Buffer.concat([bytes.subarray(0, Math.min(from, to)), bytes.subarray(Math.max(from, to))]);
  },
];

/** One payload: about a third are valid, most others nearly so. */
export function payload(random: Random, self: string, ids: readonly string[]): Buffer {
  const kind = random.below(10);
  // Bytes that are not UTF-8 end the connection, and what follows would not be read: see brokenFrame.
  if (kind === 0) return random.bytes(random.below(300)).map((byte) => byte & 127) as Buffer;
  let bytes: Buffer = Buffer.from(valid(random, self, ids));
  if (kind < 4) return bytes;
  for (let left = 1 + random.below(3); left > 0 && bytes.length > 0; left -= 1)
    bytes = random.pick(mutations)(random, bytes);
  return bytes;
}

interface FrameOptions {
  readonly opcode?: number;
  readonly isLast?: boolean;
  readonly isMasked?: boolean;
  readonly reserved?: number;
  /** The length in the header, in place of the true one. */
  readonly length?: number;
}

/** A client's frame (RFC 6455 section 5.2), valid or broken as the options say. */
export function frame(bytes: Buffer, options: FrameOptions = {}): Buffer {
  const { opcode = TEXT, isLast = true, isMasked = true, reserved = 0, length = bytes.length } = options;
  const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  head[0] = (isLast ? 0x80 : 0) | (reserved << 4) | opcode;
  head[1] = (isMasked ? 0x80 : 0) | (head.length === 2 ? length : head.length === 4 ? 126 : 127);
  if (head.length === 4) head.writeUInt16BE(length, 2);
  if (head.length === 10) head.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat(isMasked ? [head, Buffer.alloc(4), bytes] : [head, bytes]);
}

/** Once its pong arrives, the server has handled everything sent before it. */
export const pingFrame = (mark: string) => frame(Buffer.from(mark), { opcode: PING });

/** A whole message, sometimes fragmented or as binary. */
export function wholeMessage(random: Random, bytes: Buffer): Buffer {
  if (random.below(20) === 0) return frame(bytes, { opcode: BINARY });
  if (random.below(10) > 0 || bytes.length < 2) return frame(bytes);
  const at = 1 + random.below(bytes.length - 1);
  return Buffer.concat([
    frame(bytes.subarray(0, at), { isLast: false }),
    frame(bytes.subarray(at), { opcode: 0 }),
  ]);
}

/** Frames that end a connection, or leave it hanging: the server has to get rid of each. */
export function brokenFrame(random: Random, bytes: Buffer): Buffer {
  return random.pick([
    () => frame(bytes, { reserved: 1 + random.below(7) }),
    () => frame(bytes, { opcode: 3 + random.below(5) }),
    () => frame(bytes, { isMasked: false }),
    () => frame(bytes, { opcode: 0 }),
    () => frame(bytes, { length: bytes.length + 1 + random.below(1_000) }),
    () => frame(bytes, { length: 2 ** 40 }),
    () => frame(random.bytes(200), { opcode: PING }),
    () => frame(random.bytes(40), { opcode: CLOSE }),
    () => frame(bytes, { opcode: PING, isLast: false }),
    () => frame(Buffer.from([0xc3, 0x28, 0xff])),
    () => frame(bytes).subarray(0, 1 + random.below(5)),
    () => random.bytes(64),
  ])();
}

/** Upgrade requests that are invalid or never end. */
export function brokenRequest(random: Random, request: Buffer): Buffer {
  return random.pick([
    () => request.subarray(0, random.below(request.length)),
    () => random.pick(mutations)(random, request),
    () => Buffer.concat([request.subarray(0, -2), Buffer.from(`x-long: ${'y'.repeat(8_000)}\r\n\r\n`)]),
    () => random.bytes(200),
  ])();
}
