/** `pairlane token` as a process; what it prints is verified by a server. */
import { describe, expect, it } from '@jest/globals';
import { decodeJwt } from 'jose';
import { RawClient } from '../support/clients/raw-client.ts';
import { pairlane } from '../support/servers/cli-process.ts';
import { startTestServer } from '../support/servers/test-server.ts';
import { fileWith, SECRET } from '../support/servers/token-issuer.ts';

const secretFile = fileWith(`${SECRET}\n`);

async function token(...args: string[]) {
  const run = pairlane(['token', ...args]);
  const status = await run.exited();
  return { status, stdout: run.stdout, stderr: run.stderr };
}

describe('pairlane token', () => {
  it('prints one line, a token that a server with the same secret takes', async () => {
    const { status, stdout } = await token('--secret-file', secretFile, '--sub', 'ada', '--app', 'chess');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^\S+\n$/);
    const { server } = await startTestServer({ jwtSecret: SECRET });
    expect((await RawClient.connect(server.url, { token: stdout.trim() })).id).toBe('ada');
  });

  it('puts what it is told into the claims, and with --json shows them', async () => {
    const args = [
      '--sub',
      'ada',
      '--app',
      'chess',
      '--rooms',
      'game-*',
      '--rooms',
      'lobby',
      '--may',
      'pair, join',
    ];
    const more = ['--max-peers', '3', '--metadata', '{"name":"Ada"}', '--audience', 'a', '--issuer', 'i'];
    const { stdout } = await token('--secret-file', secretFile, ...args, ...more, '--ttl', '90s', '--json');
    const { token: made, claims, expires_at: expiresAt } = JSON.parse(stdout);
    expect(decodeJwt(made)).toEqual(claims);
    expect(claims).toEqual({
      ...{ sub: 'ada', app: 'chess', rooms: ['game-*', 'lobby'], may: ['pair', 'join'], max_peers: 3 },
      ...{ metadata: { name: 'Ada' }, aud: 'a', iss: 'i', iat: expect.any(Number), exp: claims.iat + 90 },
    });
    expect(Date.parse(expiresAt)).toBe(claims.exp * 1_000);
  });

  it.each([
    ['without a secret', [], '--secret-file: is missing'],
    ['with a secret of 31 bytes', ['--secret', 'x'.repeat(31)], 'openssl rand -base64 32'],
    [
      'with a time that is none',
      ['--secret-file', secretFile, '--ttl', '0h'],
      '--ttl: should be a time like',
    ],
    [
      'with a grant that is none',
      ['--secret-file', secretFile, '--may', 'fly'],
      '`may[0]` should be one of pair',
    ],
    [
      'with metadata that is no JSON',
      ['--secret-file', secretFile, '--metadata', '{'],
      '--metadata: should be JSON',
    ],
    ['with an app of other characters', ['--secret-file', secretFile, '--app', 'a/b'], '`app` should be'],
  ])('%s says so, prints no token, and ends with 2', async (_name, args, words) => {
    const { status, stdout, stderr } = await token(...args);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toContain(words);
  });

  it('reads no secret from PAIRLANE_SECRET, which is another one', async () => {
    const run = pairlane(['token'], { PAIRLANE_SECRET: SECRET });
    expect(await run.exited()).toBe(2);
  });
});
