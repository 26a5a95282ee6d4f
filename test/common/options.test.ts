import { describe, expect, it } from '@jest/globals';
import { helpFor, type OptionError, type OptionTable, readOptions } from '../../src/common/options.ts';
import { serverOptions } from '../../src/server/options.ts';

const table = {
  host: { kind: 'text', value: 'HOST', default: 'localhost', help: 'Where.' },
  maxThings: { kind: 'integer', min: 10, max: 20, zero: 'no limit', default: 15, help: 'How many.' },
  level: { kind: 'choice', choices: ['low', 'high'], default: 'low', help: 'How.' },
  verbose: { kind: 'switch', default: true, help: 'Whether.' },
  iceServer: { kind: 'list', value: 'URL', default: ['a'], help: 'Which.' },
  key: { kind: 'text', value: 'KEY', isFlagOnly: true, help: 'With whom.' },
  password: { kind: 'text', value: 'WORD', isSecret: true, help: 'By which right.' },
} as const satisfies OptionTable;

const problemsOf = (args: string[], env = {}) => {
  try {
    readOptions(table, args, env);
  } catch (error) {
    return (error as OptionError).problems;
  }
  return [];
};

describe('options', () => {
  it('have their defaults', () => {
    expect(readOptions(table, [], {})).toEqual({
      host: 'localhost',
      maxThings: 15,
      level: 'low',
      verbose: true,
      iceServer: ['a'],
      key: undefined,
    });
  });

  it('are read from flags, with the value behind a space or an equals sign', () => {
    const args = [
      '--host',
      'h',
      '--max-things=12',
      '--level',
      'high',
      '--no-verbose',
      '--ice-server',
      'b',
      '--ice-server=c',
      '--key',
      'k',
    ];
    expect(readOptions(table, args, {})).toEqual({
      host: 'h',
      maxThings: 12,
      level: 'high',
      verbose: false,
      iceServer: ['b', 'c'],
      key: 'k',
    });
  });

  it('are read from PAIRLANE_ variables, which a flag overrides; an empty one counts as not given', () => {
    const env = {
      PAIRLANE_MAX_THINGS: '11',
      PAIRLANE_HOST: 'e',
      PAIRLANE_VERBOSE: 'false',
      PAIRLANE_ICE_SERVER: 'b, c',
      PAIRLANE_LEVEL: '',
    };
    expect(readOptions(table, ['--host', 'flag'], env)).toMatchObject({
      host: 'flag',
      maxThings: 11,
      verbose: false,
      iceServer: ['b', 'c'],
      level: 'low',
    });
  });

  it('that are only flags are not read from the environment', () => {
    expect(readOptions(table, [], { PAIRLANE_KEY: 'k' }).key).toBeUndefined();
  });

  it('that are secrets are not empty: everybody would know them', () => {
    expect(problemsOf(['--password', ''])).toEqual(['--password: should not be empty']);
    expect(problemsOf(['--password='])).toEqual(['--password: should not be empty']);
    expect(readOptions(table, ['--key', ''], { PAIRLANE_PASSWORD: '' })).toMatchObject({ key: '' });
  });

  it('take 0 for no limit', () => {
    expect(readOptions(table, ['--max-things', '0'], {}).maxThings).toBe(0);
  });

  it('tell every error at once, wherever it comes from', () => {
    const args = ['--max-thing', '3', '--level', 'middle', '--no-host', 'stray', '--host', '--verbose'];
    expect(problemsOf(args, { PAIRLANE_MAX_THINGS: '9', PAIRLANE_VERBOSE: 'maybe' })).toEqual([
      '--max-thing: no such option; did you mean --max-things?',
      '--no-host: no such option',
      '--host: a value is missing (Where.)',
      'PAIRLANE_MAX_THINGS: should be a whole number from 10 to 20, or 0 (no limit)',
      '--level: should be one of low, high',
      'PAIRLANE_VERBOSE: should be true or false',
    ]);
  });

  it.each(['x', '', '1.5', '1e1', '21', '-1', '0x10', ' 12', '99999999999999999999'])(
    'refuse %j where a number is due',
    (text) => {
      expect(problemsOf([`--max-things=${text}`])).toHaveLength(1);
    },
  );

  it('are all in the help: name, default, meaning, variable', () => {
    const help = helpFor('pairlane serve', 'About.', serverOptions);
    for (const [name, option] of Object.entries(serverOptions)) {
      const line = help.split('\n').find((text) => text.includes(option.help)) ?? '';
      const flag = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
      expect(line).toContain(option.kind === 'switch' ? `--[no-]${flag}` : `--${flag}`);
      if ('default' in option && String(option.default) !== '')
        expect(line).toContain(`default ${option.default}`);
      expect(line).toContain('PAIRLANE_');
    }
  });
});
