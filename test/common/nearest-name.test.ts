import { expect, it } from '@jest/globals';
import { nearestName } from '../../src/common/nearest-name.ts';

it.each([
  ['prot', 'port'],
  ['hots', 'host'],
  ['max-conections', 'max-connections'],
  ['proxy', 'proxy-protocol'],
  ['zzz', undefined],
])('of the options, %s was meant to be %s', (given, meant) => {
  const known = ['host', 'port', 'proxy-protocol', 'max-connections', 'shell'];
  expect(nearestName(given, known)).toBe(meant);
});
