import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import type { OptionTable } from '../../src/common/option-table.ts';
import { type OptionError, resolveOptions } from '../../src/common/options.ts';

const table = {
  config: { kind: 'text', value: 'FILE', isConfigFile: true, help: 'Where the others are.' },
  host: { kind: 'text', value: 'HOST', default: 'localhost', help: 'Where.' },
  maxThings: { kind: 'integer', min: 10, max: 20, zero: 'no limit', default: 15, help: 'How many.' },
  level: { kind: 'choice', choices: ['low', 'high'], default: 'low', help: 'How.' },
  verbose: { kind: 'switch', default: true, help: 'Whether.' },
  iceServer: { kind: 'list', value: 'URL', default: ['a'], help: 'Which.' },
  key: { kind: 'text', value: 'KEY', isFlagOnly: true, help: 'With whom.' },
  password: { kind: 'text', value: 'WORD', isSecret: true, help: 'By which right.' },
} as const satisfies OptionTable;

const folder = mkdtempSync(join(tmpdir(), 'pairlane-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string, mode = 0o600): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

const read = (path: string, args: string[] = [], env = {}) =>
  resolveOptions(table, ['--config', path, ...args], env);

function problemsOf(path: string, args: string[] = []): readonly string[] {
  try {
    read(path, args);
  } catch (error) {
    return (error as OptionError).problems;
  }
  return [];
}

const everything = {
  host: 'h',
  'max-things': 0,
  level: 'high',
  verbose: false,
  'ice-server': ['b', 'c'],
  password: 'p',
};

describe('a file of options', () => {
  it.each([
    ['TOML', () => file('all.toml', TOML)],
    ['JSON', () => file('all.json', JSON.stringify(everything))],
  ])('in %s gives each of them, under the name of its flag', (_format, path) => {
    expect(read(path()).values).toMatchObject({
      host: 'h',
      maxThings: 0,
      level: 'high',
      verbose: false,
      iceServer: ['b', 'c'],
      password: 'p',
    });
  });

  it('gives way to a variable, and that to a flag; each says where its value came from', () => {
    const path = file('some.toml', 'host = "file"\nmax-things = 11\nlevel = "high"\n');
    const { values, origins } = read(path, ['--max-things', '12'], {
      PAIRLANE_MAX_THINGS: '13',
      PAIRLANE_HOST: 'variable',
    });
    expect(values).toMatchObject({ host: 'variable', maxThings: 12, level: 'high', verbose: true });
    expect(origins).toMatchObject({
      config: '--config',
      host: 'PAIRLANE_HOST',
      maxThings: '--max-things',
      level: 'some.toml',
      verbose: 'default',
    });
  });

  it('is named by a variable, too', () => {
    const path = file('named.json', '{ "host": "h" }');
    expect(resolveOptions(table, [], { PAIRLANE_CONFIG: path }).values.host).toBe('h');
  });

  it('tells every mistake at once, and the nearest name for one that is none', () => {
    const path = file(
      'wrong.toml',
      'max-tings = 12\nmaxThings = 12\nmax-things = 9\nlevel = 1\nverbose = "yes"\nice-server = "a"\nhost = 1979-05-27\nkey = "k"\nconfig = "other.toml"\n[zzz]\nhost = "h"\n',
    );
    expect(problemsOf(path, ['--level', 'middle'])).toEqual([
      'wrong.toml: max-tings: no such option; did you mean max-things?',
      'wrong.toml: maxThings: no such option; did you mean max-things?',
      'wrong.toml: max-things: should be a whole number from 10 to 20, or 0 (no limit)',
      'wrong.toml: level: should be one of low, high',
      'wrong.toml: verbose: should be true or false',
      'wrong.toml: ice-server: should be a list of texts',
      'wrong.toml: host: should be a text',
      'wrong.toml: key: no such option',
      'wrong.toml: config: no such option',
      'wrong.toml: zzz: no such option',
      '--level: should be one of low, high',
    ]);
  });

  it.each([
    ['is not there', () => join(folder, 'nowhere.toml'), /cannot read .*nowhere\.toml \(ENOENT\)/],
    ['is a folder', () => `${folder}/.`, /should end in \.toml or \.json/],
    ['has another ending', () => file('a.yaml', 'host: hidden'), /a\.yaml: should end in \.toml or \.json/],
    ['is no TOML', () => file('a.toml', 'password = hidden\n'), /a\.toml:1:\d+: is not valid TOML$/],
    ['is no JSON', () => file('a.json', '{ "password": hidden }'), /a\.json: is not valid JSON$/],
    ['is a list', () => file('list.json', '["hidden"]'), /list\.json: should be an object/],
    [
      'is too long',
      () => file('long.toml', `#${'hidden'.repeat(200_000)}`),
      /cannot read .*long\.toml \(it has more than 1048576 bytes\)/,
    ],
  ])('that %s is one line, which quotes nothing of it', (_name, path, problem) => {
    const [line, ...more] = problemsOf(path());
    expect(line).toMatch(problem);
    expect(line).not.toContain('hidden');
    expect(more).toEqual([]);
  });

  it('that every user can read holds no secret, but may name the file that does', () => {
    const open = file('open.toml', 'password = "hidden"\n', 0o644);
    expect(problemsOf(open)).toEqual([
      `open.toml: password: every user of this machine can read it; mend that with: chmod o-r ${open}`,
    ]);
    const secret = file('secret', 'p\n');
    const { values, origins } = read(
      file('names.toml', `password-file = ${JSON.stringify(secret)}\n`, 0o644),
    );
    expect([values.password, origins.password]).toEqual(['p', 'names.toml']);
    expect(read(file('group.toml', 'password = "p"\n', 0o640)).values.password).toBe('p');
  });

  it('gives a secret once: not as it is and in a file', () => {
    const path = file('twice.toml', 'password = "p"\npassword-file = "f"\n');
    expect(problemsOf(path)).toEqual([
      'twice.toml: password and twice.toml: password-file: give one of them',
    ]);
  });
});

const TOML = `# Comments are what JSON has not.
host = "h"
max-things = 0
level = "high"
verbose = false
ice-server = [
  "b",
  "c",
]
password = "p"
`;
