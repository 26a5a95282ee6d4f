import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { createUwsShell } from '../../../src/server/http/shell/uws.ts';
import { createApp } from '../../../src/server/http/tls.ts';
import { defaultServerOptions } from '../../../src/server/options.ts';
import { makeCertificate } from '../../support/servers/certificate.ts';
import { pairlane } from '../../support/servers/cli-process.ts';
import { startTestServer } from '../../support/servers/test-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'pairlane-tls-'));
afterAll(() => rmSync(folder, { recursive: true }));

const files = makeCertificate(folder, 'server');
const other = makeCertificate(folder, 'other');
const rubbish = join(folder, 'rubbish');
writeFileSync(rubbish, 'this is no certificate\n');

describe('TLS', () => {
  it('is spoken with --tls-cert and --tls-key', async () => {
    const { server } = await startTestServer(files);
    expect(server.url).toMatch(/^wss:/);
    const socket = new WebSocket(server.url, { rejectUnauthorized: false });
    const [data] = await once(socket, 'message');
    expect(JSON.parse(String(data)).type).toBe('your_id');
    socket.terminate();
  });

  it.each([
    ['a certificate without its key', { tlsCert: files.tlsCert }, '--tls-cert: needs --tls-key'],
    ['a key without its certificate', { tlsKey: files.tlsKey }, '--tls-key: needs --tls-cert'],
    ['a file that is not there', { ...files, tlsCert: join(folder, 'nothing') }, 'nothing (ENOENT)'],
    ['a file that is no certificate', { ...files, tlsCert: rubbish }, `${rubbish} is no certificate in PEM`],
    ['a file that is no key', { ...files, tlsKey: rubbish }, `${rubbish} is no private key in PEM`],
    ["another certificate's key", { ...files, tlsKey: other.tlsKey }, `is not the key of ${files.tlsCert}`],
  ])('refuses %s in one clear line', (_name, given, message) => {
    expect(() => createApp(createUwsShell(), { ...defaultServerOptions, ...given })).toThrow(message);
  });

  it('with a bad file, `pairlane serve` says so in one line and ends with 1', async () => {
    const run = pairlane(['serve', '--port', '0', '--tls-cert', rubbish, '--tls-key', files.tlsKey]);
    expect(await run.exited()).toBe(1);
    expect(run.stderr).toBe(`pairlane serve: --tls-cert: ${rubbish} is no certificate in PEM\n`);
  });
});
