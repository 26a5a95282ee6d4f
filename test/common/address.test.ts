import { describe, expect, it } from '@jest/globals';
import { formatAddress, parseAddress } from '../../src/common/address.ts';

describe('an address', () => {
  it.each([
    ['127.0.0.1:9000', { host: '127.0.0.1', port: 9000 }],
    ['relay-1.example_net:1', { host: 'relay-1.example_net', port: 1 }],
    ['[::1]:65535', { host: '::1', port: 65_535 }],
    ['[fe80::1%eth0]:80', undefined],
    [' localhost:80 ', { host: 'localhost', port: 80 }],
    ['localhost', undefined],
    ['localhost:0', undefined],
    ['localhost:65536', undefined],
    ['::1:80', undefined],
    ['a b:80', undefined],
    ['', undefined],
  ])('%j is read as %j', (text, address) => {
    expect(parseAddress(text)).toEqual(address);
    if (address) expect(formatAddress(address)).toBe(text.trim());
  });
});
