/**
 * The header of the PROXY protocol, version 2, that a proxy puts in front of a connection: whom it speaks for.
 * https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt
 */
import type { Socket } from 'node:net';

const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
/** With version, command, family and the length of what follows. */
const FIXED_BYTES = 16;
/** What we wait for at most: addresses, and what a proxy adds to them. */
const MAX_BYTES = 4 * 1024;

const NO_ADDRESS = new ArrayBuffer(0);

/** Whom the header names, and how long it is; undefined: more bytes are needed; false: it is none. */
type Parsed = { readonly source: ArrayBuffer; readonly bytes: number } | undefined | false;

/** @param bytes the first of a connection */
export function parseProxyHeader(bytes: Buffer): Parsed {
  const known = Math.min(bytes.length, SIGNATURE.length);
  if (!bytes.subarray(0, known).equals(SIGNATURE.subarray(0, known))) return false;
  if (bytes.length < FIXED_BYTES) return undefined;
  const [versionAndCommand, family] = [bytes.readUInt8(12), bytes.readUInt8(13) >> 4];
  const length = FIXED_BYTES + bytes.readUInt16BE(14);
  if (versionAndCommand >> 4 !== 2 || length > MAX_BYTES) return false;
  if (bytes.length < length) return undefined;
  // LOCAL: the proxy asks for itself.
  const isLocal = (versionAndCommand & 0xf) === 0;
  const addressBytes = family === 1 ? 4 : family === 2 ? 16 : 0;
  const isWhole = length >= FIXED_BYTES + 2 * addressBytes;
  const source =
    isLocal || !isWhole
      ? NO_ADDRESS
      : Uint8Array.from(bytes.subarray(FIXED_BYTES, FIXED_BYTES + addressBytes)).buffer;
  return { source, bytes: length };
}

/** Takes the header off a connection, if there is one, and hands it on with whom it names. */
export function readProxyHeader(socket: Socket, done: (source: ArrayBuffer) => void): void {
  let read: Buffer = Buffer.alloc(0);
  const more = (chunk: Buffer) => {
    read = read.length === 0 ? chunk : Buffer.concat([read, chunk]);
    const parsed = parseProxyHeader(read);
    if (parsed === undefined) return;
    socket.off('data', more).off('end', leave);
    socket.pause();
    const rest = parsed ? read.subarray(parsed.bytes) : read;
    if (rest.length > 0) socket.unshift(rest);
    done(parsed ? parsed.source : NO_ADDRESS);
  };
  // Whoever says no more before a whole request is gone.
  const leave = () => socket.destroy();
  socket.on('data', more).on('end', leave);
}
