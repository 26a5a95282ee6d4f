import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { flagName } from '../../src/common/option-names.ts';
import { serverOptions } from '../../src/server/options.ts';
import { pairlane } from '../support/servers/cli-process.ts';

const folder = mkdtempSync(join(tmpdir(), 'pairlane-config-command-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function run(args: string[], env: NodeJS.ProcessEnv = {}) {
  const program = pairlane(['config', ...args], env);
  const status = await program.exited();
  return { status, stdout: program.stdout, stderr: program.stderr };
}

describe('pairlane config', () => {
  it('prints each option in force, and where it comes from', async () => {
    const path = join(folder, 'some.toml');
    writeFileSync(path, 'port = 1234\nmax-rooms = 7\n');
    const { status, stdout } = await run(['--config', path, '--max-rooms', '8'], {
      PAIRLANE_ALLOW_ORIGIN: 'https://a.example,https://b.example',
    });
    expect(status).toBe(0);
    const lines = stdout.trimEnd().split('\n');
    for (const [at, name] of Object.keys(serverOptions).entries())
      expect(lines[at]).toMatch(new RegExp(`^(# )?${flagName(name)} (=|is)`));
    expect(stdout).toMatch(/^port = 1234 +# some\.toml$/m);
    expect(stdout).toMatch(/^max-rooms = 8 +# --max-rooms$/m);
    expect(stdout).toMatch(
      /^allow-origin = \[ "https:\/\/a\.example", "https:\/\/b\.example" \] +# PAIRLANE_ALLOW_ORIGIN$/m,
    );
    expect(stdout).toMatch(/^rooms = false +# default$/m);
    expect(stdout).toMatch(/^# tls-cert is not set +# default$/m);
  });

  it('prints a file that --config takes, with the same outcome', async () => {
    const { stdout } = await run(['--port', '99', '--stun-url', 'stun:a:1', '--record', 'with "quotes"']);
    const path = join(folder, 'printed.toml');
    writeFileSync(path, stdout);
    const [again, before] = [await run(['--config', path]), stdout];
    const values = (text: string) => text.replace(/ +# .*$/gm, '');
    expect(values(again.stdout)).toBe(values(before));
  });

  it('says of a secret only that it is set, in JSON too', async () => {
    const env = { PAIRLANE_SECRET: 'nobody else knows this' };
    expect((await run([], env)).stdout).toMatch(/^# secret is set +# PAIRLANE_SECRET$/m);
    const { stdout } = await run(['--json'], env);
    expect(JSON.parse(stdout)).toMatchObject({
      secret: { isSecret: true, isSet: true, from: 'PAIRLANE_SECRET' },
      'turn-secret': { isSecret: true, isSet: false, from: 'default' },
      port: { value: 8765, from: 'default' },
    });
    expect(stdout).not.toContain('nobody else knows this');
  });

  it('refuses what serve would refuse, with status 2', async () => {
    const { status, stdout, stderr } = await run(['--turn-url', 'turn:a:1']);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toContain('--turn-secret: is missing');
  });
});
