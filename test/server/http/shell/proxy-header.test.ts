/** The PROXY protocol's header, as a proxy writes it and as it should not. */
import { describe, expect, it } from '@jest/globals';
import { parseProxyHeader } from '../../../../src/server/http/shell/ws/proxy-header.ts';

const SIGNATURE = [13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10];
const V4 = [203, 0, 113, 7, 10, 0, 0, 1, 16, 0, 0, 80];
const V6 = [...Array(15).fill(0x20), 7, ...Array(16).fill(1), 16, 0, 0, 80];

const header = (command: number, family: number, rest: readonly number[], length = rest.length) =>
  Buffer.from([...SIGNATURE, 0x20 | command, family, length >> 8, length & 0xff, ...rest]);
const sourceOf = (bytes: Buffer) => {
  const parsed = parseProxyHeader(bytes);
  return parsed && [...new Uint8Array(parsed.source)];
};

describe('a header of the PROXY protocol', () => {
  it.each<[string, Buffer, readonly number[]]>([
    ['names an address of IPv4', header(1, 0x11, V4), V4.slice(0, 4)],
    ['names an address of IPv6', header(1, 0x21, V6), V6.slice(0, 16)],
    ['names an address, and has more behind it', header(1, 0x11, [...V4, 3, 0, 1, 9]), V4.slice(0, 4)],
    ['is of the proxy itself, whatever it names', header(0, 0x11, V4), []],
    ['is of the proxy itself, without an address', header(0, 0, []), []],
    ['names a Unix socket', header(1, 0x31, Array(216).fill(1)), []],
  ])('%s', (_what, bytes, source) => {
    expect(sourceOf(bytes)).toEqual(source);
    expect(parseProxyHeader(bytes)).toMatchObject({ bytes: bytes.length });
    // Whatever part of it has come, more is waited for.
    for (let length = 0; length < bytes.length; length += 1)
      expect(parseProxyHeader(bytes.subarray(0, length))).toBeUndefined();
  });

  it.each([
    ['of another version', Buffer.from([...SIGNATURE, 0x11, 0x11, 0, 12, ...V4])],
    ['of an unknown command', header(2, 0x11, V4)],
    ['without the address of IPv4 that it promises', header(1, 0x11, [])],
    ['with a part of that address', header(1, 0x11, V4.slice(0, 11))],
    ['with an address of IPv4 where one of IPv6 should be', header(1, 0x21, V4)],
    ['longer than 4 KiB', header(1, 0x11, V4, 65_535)],
  ])('is none, and no address that could pass for the proxy, when it is one %s', (_what, bytes) => {
    expect(parseProxyHeader(bytes)).toBe(false);
  });
});
