/**
 * The PROXY protocol header, version 2, that a proxy sends in front of a connection to name its client.
 * https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt
 */
import type { Socket } from 'node:net';

const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
/** Includes version, command, family and the length of the rest. */
const FIXED_BYTES = 16;
/** The longest header that is accepted: addresses, and extensions that a proxy adds. */
const MAX_BYTES = 4 * 1024;

/** LOCAL: the proxy speaks for itself. Families other than these two are not addresses of IP. */
const [LOCAL, PROXY] = [0, 1];
const [INET, INET6] = [1, 2];
const PORT_BYTES = 2;

const NO_ADDRESS = new ArrayBuffer(0);

/**
 * The client's address, and the length of the header; undefined: more bytes are needed; false: this is not a header.
 */
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
  const command = versionAndCommand & 0xf;
  const addressBytes = family === INET ? 4 : family === INET6 ? 16 : 0;
  const isWhole = length >= FIXED_BYTES + 2 * (addressBytes + PORT_BYTES);
  if (command === PROXY && addressBytes > 0)
    // Without its address, the client would pass for the proxy itself.
    return (
      isWhole && {
        source: Uint8Array.from(bytes.subarray(FIXED_BYTES, FIXED_BYTES + addressBytes)).buffer,
        bytes: length,
      }
    );
  return (command === LOCAL || command === PROXY) && { source: NO_ADDRESS, bytes: length };
}

/** Removes the header from a connection, if there is one, and passes on the address that it names. */
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
  // The client sends nothing more before a whole header is there.
  const leave = () => socket.destroy();
  socket.on('data', more).on('end', leave);
}
