/** An address as uWebSockets.js gives it: its bytes, compared with how Node writes the address. */
import { expect, it } from '@jest/globals';
import { addressText, canonicalAddress } from '../../../../src/server/admission/client-address.ts';
import { addressBytes } from '../../../../src/server/http/shell/ws/address-bytes.ts';

it.each([
  ['192.0.2.255', 4],
  ['::ffff:192.0.2.1', 4],
  ['::FFFF:10.0.0.1', 4],
  ['::', 16],
  ['::1', 16],
  ['1::', 16],
  ['2001:db8::ff00:42:8329', 16],
  ['1:2:3:4:5:6:7:ffff', 16],
  ['1::8', 16],
  ['64:ff9b::192.0.2.33', 16],
  ['1:2:3:4:5:6:203.0.113.1', 16],
  ['fe80::1%eth0', 16],
])('%s has %i bytes, which are its own', (address, count) => {
  const bytes = addressBytes(address);
  expect([bytes.byteLength, addressText(bytes)]).toEqual([count, canonicalAddress(address)]);
});

it.each([undefined, '', 'localhost', '1.2.3', 'x::1'])('%s has none', (text) => {
  expect(addressBytes(text).byteLength).toBe(0);
});
