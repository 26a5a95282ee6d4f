import { expect, it } from '@jest/globals';
import { defineCommand } from '../../src/common/command.ts';

const given: unknown[] = [];
const command = defineCommand({
  name: 'try',
  about: 'Takes a file and perhaps a place.',
  examples: [],
  positionals: ['FILE', '[PLACE]'],
  options: {
    level: { kind: 'text', value: 'NAME', default: 'full', help: 'A level.' },
    json: { kind: 'switch', default: false, help: 'As JSON.' },
  },
  async run({ level, json }, positionals) {
    given.push({ level, json, positionals });
    return 0;
  },
});

it.each([
  ['before', ['a', 'b', '--level', 'seed', '--json']],
  ['after', ['--level', 'seed', '--json', 'a', 'b']],
  ['between', ['a', '--level', 'seed', 'b', '--json']],
])('arguments may stand %s the flags', async (_where, args) => {
  given.length = 0;
  expect(await command.run(args)).toBe(0);
  expect(given).toEqual([{ level: 'seed', json: true, positionals: ['a', 'b'] }]);
});

it.each([
  ['one argument too many', ['a', 'b', 'c']],
  ['none', ['--json']],
  ['an unknown flag, whose value is no argument', ['--colour', 'red']],
])('%s is refused', async (_what, args) => {
  given.length = 0;
  expect(await command.run(args)).toBe(2);
  expect(given).toEqual([]);
});
