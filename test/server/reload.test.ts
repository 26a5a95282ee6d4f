import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { freePort } from '../../tools/free-port.ts';
import { makeCertificate } from '../support/servers/certificate.ts';
import { pairlane } from '../support/servers/cli-process.ts';
import { startTestServer, type TestServer } from '../support/servers/test-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'pairlane-reload-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The serial number of the certificate that new connections get. */
async function servedCertificate(port: number): Promise<string | undefined> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const { serialNumber } = socket.getPeerCertificate();
  socket.destroy();
  return serialNumber;
}

const serialOf = (file: string) => new X509Certificate(readFileSync(file)).serialNumber;

const messages = ({ log }: TestServer) => log.map(({ msg }) => msg);

describe('options read anew', () => {
  it('hold from then on: limits, origins, ICE servers, the log level', async () => {
    const test = await startTestServer({ maxConnections: 1, trustProxy: [] });
    await test.connect();
    const refused = new WebSocket(test.server.url);
    const [, response] = await once(refused, 'unexpected-response');
    expect(response.statusCode).toBe(503);
    refused.on('error', () => {}).terminate();
    await test.server.reload({
      ...test.server.options,
      maxConnections: 4,
      allowOrigin: ['https://page.example'],
      stunUrl: ['stun:stun.example:3478'],
      logLevel: 'error',
    });
    expect(messages(test)).toContain(
      'Options read again: --max-connections, --allow-origin, --stun-url, --log-level changed',
    );
    const page = new WebSocket(test.server.url, { origin: 'https://page.example' });
    await once(page, 'message');
    page.terminate();
    const told = messages(test).length;
    const [a] = await test.connectPair();
    expect(a.id).not.toBe('');
    expect(messages(test)).toHaveLength(told);
    expect(test.server.options.stunUrl).toEqual(['stun:stun.example:3478']);
  });

  it('that need a restart are named, and stay', async () => {
    const test = await startTestServer();
    const { options } = test.server;
    await test.server.reload({ ...options, maxMessageBytes: 2048, basePath: '/elsewhere' });
    expect(messages(test)).toEqual(
      expect.arrayContaining([
        'Options read again: nothing changed',
        '--max-message-bytes has changed: that needs a restart',
        '--base-path has changed: that needs a restart',
      ]),
    );
    expect(options).toMatchObject({ maxMessageBytes: 65_536, basePath: '' });
  });

  it('that are impossible change nothing', async () => {
    const test = await startTestServer();
    const wrong = { ...test.server.options, maxConnections: 3, turnUrl: ['turn:a:1'] };
    await expect(test.server.reload(wrong)).rejects.toThrow('--turn-secret: is missing');
    expect(test.server.options.maxConnections).not.toBe(3);
  });

  it.each(['uws', 'ws'] as const)(
    'bring a new certificate to new connections, and old ones stay (%s)',
    async (shell) => {
      const port = await freePort();
      const files = makeCertificate(folder, `old-${shell}`);
      const test = await startTestServer({ ...files, shell, port, rooms: true });
      const client = new WebSocket(test.server.url, { rejectUnauthorized: false });
      await once(client, 'message');
      const before = serialOf(files.tlsCert);
      expect(await servedCertificate(port)).toBe(before);

      await test.server.reload(test.server.options);
      expect(messages(test)).toContain('Options read again: nothing changed');

      const renewed = makeCertificate(folder, `new-${shell}`);
      copyFileSync(renewed.tlsCert, files.tlsCert);
      copyFileSync(renewed.tlsKey, files.tlsKey);
      await test.server.reload(test.server.options);
      expect(messages(test)).toContain('Options read again: the certificate changed');
      // Several sockets listen on the port: none of them still leads to the old certificate.
      const served = await Promise.all(Array.from({ length: 16 }, () => servedCertificate(port)));
      expect([...new Set(served)]).toEqual([serialOf(renewed.tlsCert)]);
      expect(serialOf(renewed.tlsCert)).not.toBe(before);

      await test.server.reload(test.server.options);
      expect(messages(test).at(-1)).toBe('Options read again: nothing changed');

      client.send(JSON.stringify({ type: 'create_key' }));
      const [data] = await once(client, 'message');
      expect(JSON.parse(String(data)).type).toBe('key');
      const next = new WebSocket(test.server.url, { rejectUnauthorized: false });
      await once(next, 'message');
      client.terminate();
      next.terminate();

      // An idle connection with the new certificate ends with the server, too.
      const idle = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
      idle.write('GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
      await once(idle, 'data');
      const closed = once(idle.resume(), 'close');
      await test.server.stop();
      await closed;
    },
  );

  it('with a certificate that is none change nothing', async () => {
    const port = await freePort();
    const files = makeCertificate(folder, 'good');
    const test = await startTestServer({ ...files, port });
    writeFileSync(files.tlsCert, 'rubbish');
    const reloading = test.server.reload({ ...test.server.options, maxConnections: 3 });
    await expect(reloading).rejects.toThrow('is no certificate in PEM');
    expect(test.server.options.maxConnections).not.toBe(3);
    expect(await servedCertificate(port)).toBeDefined();
  });
});

describe('SIGHUP', () => {
  it('reads the file of options anew; a mistake in it is one line, and everything stays', async () => {
    const config = join(folder, 'pairlane.toml');
    writeFileSync(config, 'port = 0\nmax-connections = 5\n');
    const run = pairlane(['serve', '--config', config, '--log-format', 'json']);
    await run.printed(/Server starting/);
    writeFileSync(config, 'port = 0\nmax-connections = "many"\n');
    run.child.kill('SIGHUP');
    await run.printed(/Options stay as they were: pairlane\.toml: max-connections: should be a whole number/);
    writeFileSync(config, 'port = 0\nmax-connections = 7\nrooms = true\n');
    run.child.kill('SIGHUP');
    await run.printed(/Options read again: --max-connections changed/);
    await run.printed(/--rooms has changed: that needs a restart/);
    run.child.kill('SIGTERM');
    expect(await run.exited()).toBe(0);
  });
});
