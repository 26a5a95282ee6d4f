/** `pairlane serve` as a process. */
import { describe, expect, it } from '@jest/globals';
import { type ServerOptions, startServer } from '../../src/server/index.ts';
import { RawClient } from '../support/clients/raw-client.ts';
import { pairlane } from '../support/servers/cli-process.ts';
import { pairlaneInTerminal } from '../support/servers/pty.ts';

async function started(args: string[] = []) {
  const run = pairlane(['serve', '--port', '0', ...args]);
  const [, host, port] = await run.printed(/Server starting on ([^"\s]+):(\d+)/);
  return { run, url: `ws://${host}:${port}/`, port: String(port) };
}

describe('pairlane serve', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)(
    'on %s tells its clients why (1001), and ends with 0, though some do not answer',
    async (signal) => {
      const { run, url } = await started();
      const client = await RawClient.connect(url);
      (await RawClient.connect(url)).socket.pause();
      run.child.kill(signal);
      expect(await client.whenClosed()).toEqual({ code: 1001, reason: 'Server is stopping' });
      expect(await run.exited()).toBe(0);
    },
  );

  it('on a port that is taken says so in one line, and ends with 1', async () => {
    const { port } = await started();
    const second = pairlane(['serve', '--port', port]);
    expect(await second.exited()).toBe(1);
    expect(second.stderr).toMatch(
      /^pairlane serve: Cannot listen on 127\.0\.0\.1:\d+: the port is taken.*\n$/,
    );
  });

  it('with options out of range names them all, and ends with 2', async () => {
    const run = pairlane(['serve', '--port', '70000'], { PAIRLANE_PING_TIMEOUT_MS: 'soon' });
    expect(await run.exited()).toBe(2);
    expect(run.stderr).toContain('--port: should be a whole number from 1 to 65535');
    expect(run.stderr).toContain('PAIRLANE_PING_TIMEOUT_MS: should be a whole number');
  });

  it('with half a certificate and a proxy that is no address names both, and ends with 2', async () => {
    const run = pairlane(['serve', '--port', '0', '--tls-cert', 'cert.pem', '--trust-proxy', 'nginx']);
    expect(await run.exited()).toBe(2);
    expect(run.stderr).toContain('--tls-cert: needs --tls-key');
    expect(run.stderr).toContain('--trust-proxy: nginx is no address');
  });

  it.each([
    ['--relay-port', '0'],
    ['--drain-ms', '1000'],
  ])('with %s and no --secret warns of what it cannot do', async (...args) => {
    const { run } = await started(args);
    await run.printed(/"level":40,.*Without --secret no client comes back/);
    const withSecret = await started([...args, '--secret', 'of all']);
    withSecret.run.child.kill('SIGINT');
    await withSecret.run.exited();
    expect(withSecret.run.stdout).not.toContain('Without --secret');
  });

  it('with a --secret of 19 characters warns and says how to make one, and of 20 does not', async () => {
    const { run } = await started(['--secret', 'x'.repeat(19)]);
    await run.printed(/"level":40,.*openssl rand -base64 24/);
    const longer = await started(['--secret', 'x'.repeat(20)]);
    longer.run.child.kill('SIGINT');
    await longer.run.exited();
    expect(longer.run.stdout).not.toContain('openssl');
  });

  it('warns of a variable that is misspelled, and not of one that another command has', async () => {
    const run = pairlane(['serve', '--port', '0'], { PAIRLANE_MAX_ROMS: '1', PAIRLANE_URL: 'ws://x/' });
    await run.printed(/Server starting/);
    run.child.kill('SIGINT');
    await run.exited();
    expect(run.stderr).toBe(
      'pairlane serve: PAIRLANE_MAX_ROMS: no such variable; did you mean PAIRLANE_MAX_ROOMS?\n',
    );
  });

  it('by a program refuses what is unknown or impossible, as the command line does', async () => {
    const options = { maxConections: 5, pingIntervalMs: 1, port: 0 } as Partial<ServerOptions>;
    await expect(startServer(options)).rejects.toThrow(
      'maxConections: no such option; did you mean maxConnections?\n' +
        'pingIntervalMs: should be a whole number from 50 to 86400000, or 0 (never)',
    );
    await expect(startServer({ port: 0, turnUrl: ['turn:x'] })).rejects.toThrow('--turn-secret: is missing');
  });

  it('logs JSON lines when it does not write to a terminal', async () => {
    const { run, url } = await started();
    const client = await RawClient.connect(url);
    await run.printed(new RegExp(`Client ${client.id} connected`));
    for (const line of run.stdout.trim().split('\n')) expect(JSON.parse(line)).toHaveProperty('msg');
  });

  it('closes a client that ignores pings after interval plus timeout, set by options', async () => {
    const { url } = await started(['--ping-interval-ms', '100', '--ping-timeout-ms', '100']);
    const client = await RawClient.connect(url);
    await client.next('ping');
    expect((await client.whenClosed()).code).toBe(4408);
  });

  it('survives broken frames on raw sockets', async () => {
    const { run, url } = await started();
    const client = await RawClient.connect(url);
    // Past ws, straight to its socket: a frame with every reserved bit set.
    (client.socket as unknown as { _socket: { write(bytes: Buffer): void } })._socket.write(
      Buffer.alloc(64, 0xff),
    );
    await client.whenClosed();
    const other = await RawClient.connect(url);
    await other.settled();
    expect(run.child.exitCode).toBeNull();
  });

  it('shows its version, its commands, and says what it does not know', async () => {
    const version = pairlane(['--version']);
    expect(await version.exited()).toBe(0);
    expect(version.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    const help = pairlane(['--help']);
    expect(await help.exited()).toBe(0);
    expect(help.stdout).toContain('serve');
    const unknown = pairlane(['swerve']);
    expect(await unknown.exited()).toBe(2);
    expect(unknown.stderr).toContain("there is no command 'swerve'");
  });
});

describe('pairlane serve on a terminal', () => {
  it('ends when that is closed, and tells its clients', async () => {
    const terminal = pairlaneInTerminal('serve', '--port', '0');
    const [, port] = await terminal.shows(/Page +http:\/\/localhost:(\d+)\//);
    const client = await RawClient.connect(`ws://127.0.0.1:${port}/`);
    terminal.close();
    expect((await client.whenClosed()).code).toBe(1001);
  });
});
