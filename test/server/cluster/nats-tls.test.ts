import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import type { BusHandlers } from '../../../src/server/cluster/bus.ts';
import { NatsBus } from '../../../src/server/cluster/nats-bus.ts';
import { makeCertificate } from '../../support/certificate.ts';
import { NatsServer } from '../../support/nats-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'pairlane-nats-tls-'));
afterAll(() => rmSync(folder, { recursive: true }));
const { tlsCert, tlsKey } = makeCertificate(folder, 'nats');
const withTls = ['--tls', '--tlscert', tlsCert, '--tlskey', tlsKey];

const deaf: BusHandlers = { received() {}, unreachable() {}, up() {}, down() {} };
const start = (url: string) => new NatsBus({ url, node: 1, log: pino({ level: 'silent' }) }).start(deaf);

describe('the NATS bus over TLS', () => {
  it('is spoken with tls:// and nats:// where the certificate is trusted', async () => {
    const { port } = await NatsServer.start(...withTls);
    // Node reads whom to trust when it starts.
    const script = `
      const { NatsBus } = await import('./src/server/cluster/nats-bus.ts');
      for (const [i, scheme] of ['tls', 'nats'].entries()) {
        const bus = new NatsBus({ url: scheme + '://localhost:${port}', node: i + 1, log: console });
        await bus.start({ received() {}, unreachable() {}, up: () => console.log(scheme, 'up'), down: console.log });
        await bus.stop();
      }`;
    const { stdout } = await promisify(execFile)('npx', ['tsx', '--input-type=module', '--eval', script], {
      env: { ...process.env, NODE_EXTRA_CA_CERTS: tlsCert },
    });
    expect(stdout).toBe('tls up\nnats up\n');
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
