/** An address as bytes: 4 for IPv4, 16 for IPv6, none for anything else. */
import { isIP } from 'node:net';

const NONE = new ArrayBuffer(0);

/** @param text as in `net.Socket.remoteAddress`; undefined for a Unix socket */
export function addressBytes(text: string | undefined): ArrayBuffer {
  const [address = ''] = (text ?? '').split('%');
  const version = isIP(address);
  if (version === 0) return NONE;
  const mapped = /^(?:::ffff:)?(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return Uint8Array.from(mapped.split('.'), Number).buffer;
  return ipv6Bytes(address);
}

function ipv6Bytes(address: string): ArrayBuffer {
  // The last 32 bits may be written as an IPv4 address.
  const text = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_all, ...parts: string[]) =>
    [0, 2].map((at) => (Number(parts[at]) * 256 + Number(parts[at + 1])).toString(16)).join(':'),
  );
  const [head = '', tail] = text.split('::');
  const groupsOf = (part: string | undefined) => (part ? part.split(':') : []);
  const [before, after] = [groupsOf(head), groupsOf(tail)];
  const zeros = new Array<string>(8 - before.length - after.length).fill('0');
  const view = new DataView(new ArrayBuffer(16));
  for (const [at, group] of [...before, ...zeros, ...after].entries())
    view.setUint16(2 * at, Number.parseInt(group, 16));
  return view.buffer;
}
