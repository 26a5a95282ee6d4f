/** The lines for HAProxy and nginx in docs/operations.md, as they stand there, in front of a real server. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { freePort } from '../../tools/free-port.ts';
import { RawClient } from '../support/clients/raw-client.ts';
import { pairUp, startTestServer } from '../support/servers/test-server.ts';
import { PATIENCE_MS } from '../support/wait-timeouts.ts';

const PAGE = readFileSync('docs/operations.md', 'utf8');
const HTTP10_CHECK = 'option httpchk GET /readyz';
const HTTP11_CHECK = 'option httpchk\n  http-check send meth GET uri /readyz ver HTTP/1.1 hdr Host localhost';

const directory = mkdtempSync(join(tmpdir(), 'balancers-'));
const running: ChildProcess[] = [];

afterEach(async () => {
  for (const child of running.splice(0)) {
    child.kill('SIGTERM');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }
  rmSync(directory, { recursive: true, force: true });
});

/** Asks for a status again and again until it is that one. */
async function becomes(ask: () => Promise<number>, status: number): Promise<void> {
  const until = Date.now() + PATIENCE_MS;
  for (;;) {
    const answer = await ask().catch((error: Error) => error.message);
    if (answer === status) return;
    if (Date.now() > until) throw new Error(`it should be ${status}; at last it was ${answer}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function behind(name: 'haproxy' | 'nginx', change = (config: string) => config, basePath = '') {
  const test = await startTestServer({ basePath, healthPort: 0, trustProxy: ['127.0.0.1'] });
  const { server } = test;
  const port = await freePort();
  const [, block = ''] = new RegExp(`\`\`\`${name}\n(.*?)\`\`\``, 's').exec(PAGE) ?? [];
  expect(block).toContain('8080');
  const config = change(block)
    .replaceAll('8080', String(port))
    .replaceAll('8765', String(server.port))
    .replaceAll('8766', String(server.healthPort));
  rmSync(directory, { recursive: true, force: true });
  const home = mkdtempSync(`${directory}-`);
  const file = join(home, 'balancer.conf');
  writeFileSync(file, config);
  const args =
    name === 'haproxy'
      ? ['-db', '-f', file]
      : ['-p', home, '-c', file, '-e', 'stderr', '-g', `daemon off; pid ${home}/pid;`];
  // Debian puts both where users do not look.
  const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` };
  const child = spawn(name, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (said += text));
  child.on('exit', (code) => (said += ` (${name} ended with ${code})`));
  running.push(child);
  const [url, pages] = [`ws://127.0.0.1:${port}${basePath}/`, `http://127.0.0.1:${port}`];
  const status = async (path: string) => (await fetch(pages + path)).status;
  // The lines for nginx ask the health port, which is below no path.
  const readiness = name === 'nginx' ? '/readyz' : `${basePath}/readyz`;
  await becomes(() => status(readiness), 200).catch((error) => {
    throw new Error(`${name} did not come up: ${error.message}; it said: ${said}`);
  });
  return { ...test, url, status };
}

describe.each(['haproxy', 'nginx'] as const)('%s with the lines of docs/operations.md', (name) => {
  it.each(['', '/signal'])(
    'lets clients pair, and nobody drain or read the metrics, below %s/',
    async (path) => {
      const below = (config: string) => config.replace('location / {', `location ${path}/ {`);
      const { url, status, server } = await behind(name, below, path);
      const [a, b] = [await RawClient.connect(url), await RawClient.connect(url)];
      await pairUp(a, b);
      a.send({ type: 'offer', sdp: 'x' });
      expect((await b.next('offer')).sdp).toBe('x');
      for (const page of ['/drain', '/metrics'])
        expect([page, await status(path + page)]).toEqual([page, 403]);
      expect(server.parts.readiness.isDraining).toBe(false);
    },
  );

  it('sees that the server is not ready', async () => {
    const { status, server } = await behind(name);
    // HAProxy asks by itself, and then sends nobody there; nginx passes the question on.
    const path = name === 'haproxy' ? '/healthz' : '/readyz';
    server.parts.readiness.add('out_of_descriptors');
    await becomes(() => status(path), 503);
    server.parts.readiness.remove('out_of_descriptors');
    await becomes(() => status(path), 200);
  });
});

describe('haproxy without a health port, by the other line of docs/operations.md', () => {
  it('sends no client to a server that is not ready', async () => {
    expect(PAGE).toContain(HTTP10_CHECK);
    for (const line of HTTP11_CHECK.split('\n  ')) expect(PAGE).toContain(line);
    const { url, status, server } = await behind('haproxy', (config) =>
      config.replace(HTTP10_CHECK, HTTP11_CHECK).replace(' port 8766', ''),
    );
    await (await RawClient.connect(url)).close();
    server.parts.readiness.add('out_of_descriptors');
    await becomes(() => status('/healthz'), 503);
  });
});
