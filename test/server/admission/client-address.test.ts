/** By what limits count an address, and whose word for it is taken. */
import { describe, expect, it } from '@jest/globals';
import {
  addressKey,
  addressText,
  canonicalAddress,
  TrustedProxies,
  trustProxyProblems,
} from '../../../src/server/admission/client-address.ts';

describe('limits count', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['1:2:3:4:5:6:7:8', '1:2:3:4'],
    ['1:2:3:4::', '1:2:3:4'],
    ['1:2:3::', '1:2:3:0'],
    ['1::', '1:0:0:0'],
    ['::', '0:0:0:0'],
    ['::1', '0:0:0:0'],
    ['1:2::8', '1:2:0:0'],
    ['::4:5:6:7:8', '0:0:0:4'],
    ['1::4:5:6:7:8', '1:0:0:4'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    ['', ''],
    ['no address', 'no address'],
    ['a:b:c:d:e:f:g:h:i', 'a:b:c:d:e:f:g:h:i'],
  ])('%s as %s', (address, key) => {
    expect(addressKey(address)).toBe(key);
  });

  it('what has no address, as a Unix socket, as nothing', () => {
    expect(addressText(new ArrayBuffer(0))).toBe('');
    expect(addressText(new Uint8Array([1, 2, 3]).buffer)).toBe('');
  });

  it('IPv6 in one spelling, without a zone', () => {
    expect(canonicalAddress('2001:DB8:0::0:1%1')).toBe('2001:db8::1');
    expect(canonicalAddress('192.0.2.1:80')).toBeUndefined();
  });
});

describe('a proxy', () => {
  it.each([
    [['10.0.0.0/8'], '10.255.255.255', '11.0.0.0'],
    [['192.0.2.1/32'], '192.0.2.1', '192.0.2.0'],
    [['192.0.2.1'], '192.0.2.1', '192.0.2.3'],
    [['0.0.0.0/0'], '203.0.113.1', '2001:db8::1'],
    [['2001:db8::/32'], '2001:db8:ffff::1', '2001:db9::1'],
    [['::1/128'], '::1', '::'],
    [['::ffff:10.0.0.0/104'], '10.255.255.255', '11.0.0.0'],
    [['::ffff:10.0.0.0/104'], '::ffff:10.1.2.3', '::ffff:11.0.0.0'],
    [['::ffff:10.0.0.1'], '10.0.0.1', '10.0.0.0'],
    [['::ffff:0.0.0.0/96'], '203.0.113.1', '::1'],
    [['unix', '10.0.0.1'], '10.0.0.1', '10.0.0.2'],
  ])('of %j is trusted at %s, and not at %s', (list, inside, outside) => {
    const proxies = new TrustedProxies(list);
    expect([proxies.has(inside), proxies.has(outside)]).toEqual([true, false]);
    const named = [inside, outside].map((remote) => proxies.clientOf(remote, '198.51.100.7'));
    expect(named).toEqual(['198.51.100.7', outside]);
  });

  it.each([
    '10.0.0.0/8/8',
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/x',
    '::ffff:10.0.0.0/95',
    '::/129',
    'x',
    '',
  ])('is no %s', (entry) => {
    expect(trustProxyProblems(['unix', '10.0.0.1', entry])).toEqual([
      `--trust-proxy: ${entry} is no address and no network (ADDRESS, ADDRESS/BITS, or unix)`,
    ]);
  });

  it('may be behind a Unix socket, and is believed with `unix` only', () => {
    const [none, other, unix] = [[], ['10.0.0.1'], ['unix']].map((list) => new TrustedProxies(list));
    for (const proxies of [none, other, unix]) expect(proxies?.has('')).toBe(true);
    expect([none, other, unix].map((proxies) => proxies?.clientOf('', '198.51.100.7'))).toEqual([
      '',
      '',
      '198.51.100.7',
    ]);
  });

  it('is asked before its PROXY protocol is believed, and that before its header', () => {
    const proxies = new TrustedProxies(['10.0.0.0/8']);
    expect(proxies.clientOf('10.0.0.1', '198.51.100.7', '203.0.113.1')).toBe('203.0.113.1');
    expect(proxies.clientOf('10.0.0.1', '198.51.100.7', '10.0.0.2')).toBe('198.51.100.7');
    expect(proxies.clientOf('192.0.2.1', '198.51.100.7', '203.0.113.1')).toBe('192.0.2.1');
    expect(proxies.clientOf('10.0.0.1', '')).toBe('10.0.0.1');
  });
});
