/** Files and folders that a user names: whatever a name leads to, it is read or refused, and nothing hangs. */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { makeFolder, readNamedFile } from '../../src/common/named-file.ts';
import { publicKeyFrom } from '../../src/server/admission/tokens/token-keys.ts';
import { certificateDigest } from '../../src/server/http/tls.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pairlane-named-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const pipe = () => {
  const path = join(folder, 'pipe');
  execFileSync('mkfifo', [path]);
  return path;
};

describe('A file that a user names', () => {
  it('may have as many bytes as it may, and not one more', () => {
    const path = join(folder, 'file');
    writeFileSync(path, 'x'.repeat(200_000));
    expect(readNamedFile(path, 200_000).bytes.toString()).toBe('x'.repeat(200_000));
    expect(() => readNamedFile(path, 199_999)).toThrow(`cannot read ${path} (it has more than 199999 bytes)`);
  });

  it('is not read without end, like /dev/zero', () => {
    expect(() => readNamedFile('/dev/zero', 1000)).toThrow('more than 1000 bytes');
  });

  it('is refused after a while when it is a pipe to which nobody writes', () => {
    expect(() => readNamedFile(pipe(), 1000, 50)).toThrow('nothing came from it within 50 ms');
  });

  it('may be a pipe, whose writer comes later and takes its time', () => {
    const path = pipe();
    const writer = spawn('sh', ['-c', '(sleep 0.1; printf one; sleep 0.1; printf two) > "$1"', 'sh', path]);
    expect(readNamedFile(path, 1000).bytes.toString()).toBe('onetwo');
    writer.kill();
  });

  it('is a file when it is a certificate, which whoever serves reads again', () => {
    const path = pipe();
    expect(() => certificateDigest({ tlsCert: path, tlsKey: path })).toThrow(
      `--tls-cert: ${path} is no file`,
    );
    expect(() => certificateDigest({ tlsCert: '/dev/zero', tlsKey: path })).toThrow('/dev/zero is no file');
  });

  it('has a length that is checked when it is a public key', () => {
    expect(() => publicKeyFrom('/dev/zero')).toThrow(
      '--jwt-public-key-file: cannot read /dev/zero (it has more than 65536 bytes)',
    );
  });
});

describe('A folder that a user names', () => {
  it('is made with those that it is in, and may be there', () => {
    const path = join(folder, 'a', 'b');
    makeFolder(path);
    makeFolder(path);
    expect(existsSync(path)).toBe(true);
  });

  it.each([
    ['where no folders are made', '/proc/x/records', 'ENOENT'],
    ['below a file', 'package.json/records', 'ENOTDIR'],
    ['that is a file', 'package.json', 'EEXIST'],
  ])('is refused %s', (_where, path, code) => {
    expect(() => makeFolder(path)).toThrow(expect.objectContaining({ code }));
  });
});
