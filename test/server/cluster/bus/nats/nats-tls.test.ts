import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import type { BusHandlers } from '../../../../../src/server/cluster/bus/bus.ts';
import { NatsBus } from '../../../../../src/server/cluster/bus/nats/nats-bus.ts';
import { makeCertificate } from '../../../../support/servers/certificate.ts';
import { NatsServer } from '../../../../support/servers/nats-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'pairlane-nats-tls-'));
afterAll(() => rmSync(folder, { recursive: true }));
const { tlsCert, tlsKey } = makeCertificate(folder, 'nats');
const withTls = ['--tls', '--tlscert', tlsCert, '--tlskey', tlsKey];

const deaf: BusHandlers = { received() {}, unreachable() {}, up() {}, down() {} };
const start = (url: string) => new NatsBus({ url, node: 1, log: pino({ level: 'silent' }) }).start(deaf);

/** Tells what became of a bus in a process that trusts that certificate: Node reads whom to trust when it starts. */
async function startTrusting(tlsCert: string, url: string): Promise<string> {
  const script = `
    const { NatsBus } = await import('./src/server/cluster/bus/nats/nats-bus.ts');
    const bus = new NatsBus({ url: '${url}', node: 1, log: console });
    const deaf = { received() {}, unreachable() {}, up: () => console.log('up'), down: console.log };
    await bus.start(deaf).then(() => bus.stop(), (error) => console.log(error.message));`;
  const { stdout } = await promisify(execFile)('npx', ['tsx', '--input-type=module', '--eval', script], {
    env: { ...process.env, NODE_EXTRA_CA_CERTS: tlsCert },
  });
  return stdout;
}

describe('the NATS bus over TLS', () => {
  it('is spoken with tls:// and nats:// where the certificate is trusted', async () => {
    const { port } = await NatsServer.start(...withTls);
    expect(await startTrusting(tlsCert, `tls://localhost:${port}`)).toBe('up\n');
    expect(await startTrusting(tlsCert, `nats://localhost:${port}`)).toBe('up\n');
  });

  it('takes a server that is named by its address for what its certificate says, and for nothing else', async () => {
    const own = makeCertificate(folder, 'address', 'IP:127.0.0.1');
    const named = await NatsServer.start('--tls', '--tlscert', own.tlsCert, '--tlskey', own.tlsKey);
    expect(await startTrusting(own.tlsCert, `tls://127.0.0.1:${named.port}`)).toBe('up\n');
    const other = await NatsServer.start(...withTls);
    expect(await startTrusting(tlsCert, `tls://127.0.0.1:${other.port}`)).toMatch('is not trusted');
  });

  it.each(['tls', 'nats'])('refuses to start with %s:// where it is not', async (scheme) => {
    const { port } = await NatsServer.start(...withTls);
    await expect(start(`${scheme}://localhost:${port}`)).rejects.toThrow(
      "The NATS server's certificate is not trusted. Name its authority in NODE_EXTRA_CA_CERTS",
    );
  });

  it('refuses to start with tls:// and a server that has no TLS', async () => {
    const { port } = await NatsServer.start();
    await expect(start(`tls://localhost:${port}`)).rejects.toThrow(
      'The NATS server and --nats differ in TLS',
    );
  });
});
