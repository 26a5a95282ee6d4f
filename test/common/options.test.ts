import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { optionProblems } from '../../src/common/check-options.ts';
import { helpFor } from '../../src/common/help.ts';
import type { OptionTable } from '../../src/common/option-table.ts';
import { type OptionError, readOptions, unknownVariables, variablesOf } from '../../src/common/options.ts';
import { serverOptions } from '../../src/server/options.ts';

const table = {
  host: { kind: 'text', value: 'HOST', default: 'localhost', help: 'Where.' },
  maxThings: { kind: 'integer', min: 10, max: 20, zero: 'no limit', default: 15, help: 'How many.' },
  level: { kind: 'choice', choices: ['low', 'high'], default: 'low', help: 'How.' },
  verbose: { kind: 'switch', default: true, help: 'Whether.' },
  iceServer: { kind: 'list', value: 'URL', default: ['a'], help: 'Which.' },
  key: { kind: 'text', value: 'KEY', isFlagOnly: true, help: 'With whom.' },
  password: { kind: 'text', value: 'WORD', isSecret: true, help: 'By which right.' },
  page: {
    kind: 'list',
    value: 'PAGE',
    default: [],
    format: { fits: (value: string) => /^p\d$/.test(value), example: 'p1' },
    help: 'Where to.',
  },
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
      page: [],
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
      page: [],
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

  it('refuse what does not look as it should, wherever it is given', () => {
    const problem = 'should look like p1';
    expect(problemsOf(['--page', 'p1', '--page', 'x'])).toEqual([`--page: ${problem}`]);
    expect(problemsOf([], { PAIRLANE_PAGE: 'p1,x' })).toEqual([`PAIRLANE_PAGE: ${problem}`]);
    expect(optionProblems(table, { page: ['x'] })).toEqual([`page: ${problem}`]);
    expect(optionProblems(table, { page: 'p1' })).toEqual(['page: should be a list of texts']);
    expect(problemsOf(['--page', 'p1', '--page', 'p2'])).toEqual([]);
  });

  it('refuse a second value for what has one, and take every value of a list', () => {
    expect(
      problemsOf(['--key', 'a', '--host', 'h', '--key=b', '--no-verbose', '--verbose', '--key', 'c']),
    ).toEqual(['--key: given more than once', '--verbose: given more than once']);
    expect(problemsOf(['--ice-server', 'a', '--ice-server', 'b'])).toEqual([]);
  });

  it.each(['x', '', '1.5', '1e1', '21', '-1', '0x10', ' 12', '99999999999999999999'])(
    'refuse %j where a number is due',
    (text) => {
      expect(problemsOf([`--max-things=${text}`])).toHaveLength(1);
    },
  );

  describe('that are secrets', () => {
    const folder = mkdtempSync(join(tmpdir(), 'pairlane-secrets-'));
    afterAll(() => rmSync(folder, { recursive: true }));
    const file = (name: string, text: string) => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };

    it('are read from a file, named by a flag or a variable, without the end of its line', () => {
      const path = file('password', 'of all\n');
      expect(readOptions(table, ['--password-file', path], {}).password).toBe('of all');
      expect(readOptions(table, [], { PAIRLANE_PASSWORD_FILE: path }).password).toBe('of all');
    });

    it('from a flag win over those from a variable, from a file or not', () => {
      const path = file('other', 'from the file');
      const env = { PAIRLANE_PASSWORD: 'from the variable' };
      expect(readOptions(table, ['--password-file', path], env).password).toBe('from the file');
      const inFile = { PAIRLANE_PASSWORD_FILE: path };
      expect(readOptions(table, ['--password', 'from the flag'], inFile).password).toBe('from the flag');
    });

    it('are given once: not both in a file and as they are', () => {
      const path = file('twice', 'x');
      expect(problemsOf(['--password', 'y', '--password-file', path])).toEqual([
        '--password and --password-file: give one of them',
      ]);
      expect(problemsOf([], { PAIRLANE_PASSWORD: 'y', PAIRLANE_PASSWORD_FILE: path })).toEqual([
        'PAIRLANE_PASSWORD and PAIRLANE_PASSWORD_FILE: give one of them',
      ]);
    });

    it.each([
      ['is not there', () => join(folder, 'nowhere'), /cannot read .*nowhere \(ENOENT\)/],
      ['is empty', () => file('empty', '\n'), /empty is empty/],
      ['has two lines', () => file('lines', 'hidden\nhidden'), /lines should have a single line/],
      [
        'is too long',
        () => file('long', 'hidden'.repeat(20_000)),
        /cannot read .*long \(it has more than 65536 bytes\)/,
      ],
    ])('in a file that %s are refused by its name alone', (_name, path, problem) => {
      const [line, ...more] = problemsOf(['--password-file', path()]);
      expect(line).toMatch(problem);
      expect(line).not.toContain('hidden');
      expect(more).toEqual([]);
    });

    it('have their files in the help', () => {
      const help = helpFor(
        { usage: 'pairlane serve', about: 'About.', options: serverOptions },
        Number.POSITIVE_INFINITY,
      );
      for (const flag of [
        '--secret-file FILE',
        '--turn-secret-file FILE',
        '--inspect-token-file FILE',
        '--nats-file FILE',
      ])
        expect(help).toContain(flag);
      expect(help).toContain('PAIRLANE_TURN_SECRET_FILE');
    });
  });

  it('name the nearest one for one that is not there', () => {
    expect(problemsOf(['--max-tings', '12', '--levle', 'low', '--zzz', '1'])).toEqual([
      '--max-tings: no such option; did you mean --max-things?',
      '--levle: no such option; did you mean --level?',
      '--zzz: no such option',
    ]);
  });

  it('tell of variables that look like one of ours and are none', () => {
    const env = {
      PAIRLANE_MAX_TINGS: '12',
      PAIRLANE_LEVEL: 'low',
      PAIRLANE_PASSWORD_FILE: 'x',
      PATH: '/bin',
    };
    expect(unknownVariables(variablesOf(table), env)).toEqual([
      'PAIRLANE_MAX_TINGS: no such variable; did you mean PAIRLANE_MAX_THINGS?',
    ]);
  });

  it('of a program are held against the same table', () => {
    const given = {
      maxTings: 12,
      maxThings: 9,
      level: 'middle',
      verbose: 'yes',
      iceServer: 'a',
      host: 1,
      password: '',
    };
    expect(optionProblems(table, given)).toEqual([
      'maxTings: no such option; did you mean maxThings?',
      'maxThings: should be a whole number from 10 to 20, or 0 (no limit)',
      'level: should be one of low, high',
      'verbose: should be true or false',
      'iceServer: should be a list of texts',
      'host: should be a text',
      'password: should not be empty',
    ]);
    expect(optionProblems(table, { maxThings: 0, level: undefined, toString: undefined })).toEqual([]);
  });

  it('are all in the help: name, default, meaning, variable', () => {
    const help = helpFor(
      { usage: 'pairlane serve', about: 'About.', options: serverOptions },
      Number.POSITIVE_INFINITY,
    );
    for (const [name, option] of Object.entries(serverOptions)) {
      const line = help.split('\n').find((text) => text.includes(option.help)) ?? '';
      const flag = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
      expect(line).toContain(option.kind === 'switch' ? `--[no-]${flag}` : `--${flag}`);
      const shown = { true: 'on', false: 'off' };
      if ('default' in option && String(option.default) !== '')
        expect(line).toContain(`default ${shown[String(option.default) as 'true'] ?? option.default}`);
      expect(line).toContain('PAIRLANE_');
    }
  });
});
