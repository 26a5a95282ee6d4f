import { expect, it, jest } from '@jest/globals';
import { CommandError, defineCommand } from '../../src/common/command.ts';

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

const choosy = defineCommand({
  name: 'choose',
  about: 'Does one of several things.',
  examples: [],
  alternatives: [
    ['key', 'all'],
    ['key', 'color'],
  ],
  options: {
    key: { kind: 'text', value: 'KEY', help: 'What to do it with.' },
    all: { kind: 'switch', help: 'Do it with all.' },
    color: { kind: 'switch', default: true, help: 'Do it in color.' },
  },
  async run(options) {
    given.push(options);
    return 0;
  },
});

it.each([
  ['both of two', ['--key', 'a', '--all'], ['--key and --all']],
  ['a key without color', ['--key', 'a', '--no-color'], ['--key and --no-color']],
  ['both of both', ['--key', 'a', '--all', '--no-color'], ['--key and --all', '--key and --no-color']],
])('a command line with %s is refused, and names them', async (_what, args, named) => {
  given.length = 0;
  const lines: string[] = [];
  jest.spyOn(process.stderr, 'write').mockImplementation((line) => lines.push(String(line)) > 0);
  expect(await choosy.run(args)).toBe(2);
  jest.restoreAllMocks();
  const problems = named.map((names) => `pairlane choose: ${names}: give one of them\n`);
  expect(lines).toEqual([...problems, 'Try: pairlane choose --help\n']);
  expect(given).toEqual([]);
});

it.each([
  ['one of them', ['--key', 'a'], {}],
  ['one, and another that is off', ['--key', 'a', '--no-all', '--color'], {}],
])('a command line with %s is taken', async (_what, args) => {
  given.length = 0;
  expect(await choosy.run(args)).toBe(0);
  expect(given).toHaveLength(1);
});

/** Runs it with these variables; returns its exit status. */
async function withVariables(variables: Record<string, string>, args: string[]): Promise<number> {
  Object.assign(process.env, variables);
  try {
    return await choosy.run(args);
  } finally {
    for (const name of Object.keys(variables)) delete process.env[name];
  }
}

it.each([
  ['--no-color', { PAIRLANE_KEY: 'a' }, ['--no-color'], { key: undefined, all: false, color: false }],
  ['--key', { PAIRLANE_COLOR: 'false' }, ['--key', 'a'], { key: 'a', all: false, color: true }],
  ['--all', { PAIRLANE_KEY: 'a' }, ['--all'], { key: undefined, all: true, color: true }],
  ['a variable alone', { PAIRLANE_KEY: 'a' }, [], { key: 'a', all: false, color: true }],
])(
  'of alternatives %s counts, not the weaker place that gives another',
  async (_what, variables, args, options) => {
    given.length = 0;
    expect(await withVariables(variables, args)).toBe(0);
    expect(given).toEqual([options]);
  },
);

it('variables that give two alternatives are refused, and named', async () => {
  given.length = 0;
  const lines: string[] = [];
  jest.spyOn(process.stderr, 'write').mockImplementation((line) => lines.push(String(line)) > 0);
  expect(await withVariables({ PAIRLANE_KEY: 'a', PAIRLANE_COLOR: 'false' }, [])).toBe(2);
  jest.restoreAllMocks();
  expect(lines[0]).toBe('pairlane choose: PAIRLANE_KEY and PAIRLANE_COLOR: give one of them\n');
  expect(given).toEqual([]);
});

it.each([
  [2, 'Try: pairlane fail --help\n'],
  [1, ''],
])(
  'a command that ends with %i says why in one line, and leads to its help only where the command line is wrong',
  async (status, hint) => {
    const fail = defineCommand({
      name: 'fail',
      about: 'Fails.',
      examples: [],
      options: {},
      run: async () => {
        throw new CommandError('it rains', status);
      },
    });
    const lines: string[] = [];
    jest.spyOn(process.stderr, 'write').mockImplementation((line) => lines.push(String(line)) > 0);
    expect(await fail.run([])).toBe(status);
    jest.restoreAllMocks();
    expect(lines.join('')).toBe(`pairlane fail: it rains\n${hint}`);
  },
);
