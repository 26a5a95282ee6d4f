import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { tooOldNode } from '../../src/common/too-old-node.ts';

it.each(['18.20.8', '20.9.0', '20.18.9', '8.0.0'])('Node %s is too old for >=20.19', (version) => {
  expect(tooOldNode('>=20.19', version)).toBe(
    `Node ${version} is too old; Pairlane needs Node 20.19 or newer.`,
  );
});

it.each(['20.19.0', '20.100.1', '21.0.0', '100.2.3'])('Node %s is new enough for >=20.19', (version) => {
  expect(tooOldNode('>=20.19', version)).toBeUndefined();
});

it('package.json says what it needs in the way that is understood', () => {
  expect(JSON.parse(readFileSync('package.json', 'utf8')).engines.node).toMatch(/^>=\d+\.\d+$/);
});
