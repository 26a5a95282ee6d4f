/** The STUN messages (RFC 8489) needed for a binding and a TURN allocation (RFC 8656). */
import { createHash, createHmac, randomBytes } from 'node:crypto';

const BINDING = 0x0001;
const ALLOCATE = 0x0003;
const REFRESH = 0x0004;
const SUCCESS = 0x0100;
const ERROR = 0x0110;
const CLASS_BITS = 0x0110;

const MAGIC_COOKIE = 0x2112a442;
const HEADER_BYTES = 20;
const MAC_BYTES = 20;

const USERNAME = 0x0006;
const MESSAGE_INTEGRITY = 0x0008;
const ERROR_CODE = 0x0009;
const LIFETIME = 0x000d;
const REALM = 0x0014;
const NONCE = 0x0015;
const REQUESTED_TRANSPORT = 0x0019;
const XOR_MAPPED_ADDRESS = 0x0020;
const UDP = Buffer.from([17, 0, 0, 0]);
const AT_ONCE = Buffer.alloc(4);

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** What a TURN server wants requests to be signed with. */
export interface Challenge {
  readonly realm: string;
  readonly nonce: Buffer;
}

export interface StunRequest {
  readonly id: Buffer;
  readonly bytes: Buffer;
}

export interface StunResponse {
  readonly isSuccess: boolean;
  /** The port under which the server sees us; undefined if it did not say. */
  readonly mappedPort: number | undefined;
  readonly errorCode: number | undefined;
  readonly challenge: Challenge | undefined;
}

export function bindingRequest(): StunRequest {
  return request(BINDING, []);
}

/** @param signed left out for the first request, which the server answers with its challenge */
export function allocateRequest(signed?: Credentials & Challenge): StunRequest {
  const attributes = [attribute(REQUESTED_TRANSPORT, UDP)];
  return signed ? signedRequest(ALLOCATE, attributes, signed) : request(ALLOCATE, attributes);
}

/** Releases an allocation. */
export function releaseRequest(signed: Credentials & Challenge): StunRequest {
  return signedRequest(REFRESH, [attribute(LIFETIME, AT_ONCE)], signed);
}

function signedRequest(
  type: number,
  attributes: readonly Buffer[],
  { username, password, realm, nonce }: Credentials & Challenge,
): StunRequest {
  const all = [
    ...attributes,
    attribute(USERNAME, Buffer.from(username)),
    attribute(REALM, Buffer.from(realm)),
    attribute(NONCE, nonce),
  ];
  // The key of the long-term credential; the RFC requires MD5.
  const key = createHash('md5').update(`${username}:${realm}:${password}`).digest();
  const { id, bytes } = request(type, all, MAC_BYTES + 4);
  const mac = createHmac('sha1', key).update(bytes).digest();
  return { id, bytes: Buffer.concat([bytes, attribute(MESSAGE_INTEGRITY, mac)]) };
}

/** @returns undefined if the bytes are not an answer to the request */
export function readResponse(bytes: Buffer, id: Buffer): StunResponse | undefined {
  if (bytes.length < HEADER_BYTES || !bytes.subarray(8, HEADER_BYTES).equals(id)) return undefined;
  const kind = bytes.readUInt16BE(0) & CLASS_BITS;
  if (kind !== SUCCESS && kind !== ERROR) return undefined;
  const found = attributesIn(bytes);
  const mapped = found.get(XOR_MAPPED_ADDRESS);
  const error = found.get(ERROR_CODE);
  const realm = found.get(REALM);
  const nonce = found.get(NONCE);
  return {
    isSuccess: kind === SUCCESS,
    mappedPort: mapped && mapped.length >= 4 ? mapped.readUInt16BE(2) ^ (MAGIC_COOKIE >>> 16) : undefined,
    errorCode: error && error.length >= 4 ? error.readUInt8(2) * 100 + error.readUInt8(3) : undefined,
    challenge: realm && nonce ? { realm: realm.toString('utf8'), nonce } : undefined,
  };
}

/** The length of the message at the start of a stream; undefined until it is known. */
export function lengthOf(bytes: Buffer): number | undefined {
  return bytes.length < HEADER_BYTES ? undefined : HEADER_BYTES + bytes.readUInt16BE(2);
}

/** @param room for the signature, which follows and counts in the signed length */
function request(type: number, attributes: readonly Buffer[], room = 0): StunRequest {
  const body = Buffer.concat(attributes);
  const header = Buffer.alloc(8);
  header.writeUInt16BE(type, 0);
  header.writeUInt16BE(body.length + room, 2);
  header.writeUInt32BE(MAGIC_COOKIE, 4);
  const id = randomBytes(12);
  return { id, bytes: Buffer.concat([header, id, body]) };
}

function attribute(type: number, value: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16BE(type, 0);
  head.writeUInt16BE(value.length, 2);
  return Buffer.concat([head, value, Buffer.alloc((4 - (value.length % 4)) % 4)]);
}

function attributesIn(bytes: Buffer): ReadonlyMap<number, Buffer> {
  const found = new Map<number, Buffer>();
  const end = Math.min(bytes.length, HEADER_BYTES + bytes.readUInt16BE(2));
  for (let at = HEADER_BYTES; at + 4 <= end; ) {
    const length = bytes.readUInt16BE(at + 2);
    if (at + 4 + length > end) break;
    found.set(bytes.readUInt16BE(at), bytes.subarray(at + 4, at + 4 + length));
    at += 4 + length + ((4 - (length % 4)) % 4);
  }
  return found;
}
