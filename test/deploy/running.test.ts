/**
 * Caddy's file in front of a real server, the dashboard and alerts over a real Prometheus that asks one, and the files of
 * the walkthrough, run together.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { type SignalingServer, startServer } from '../../src/server/index.ts';
import { freePort } from '../../tools/free-port.ts';
import { RawClient } from '../support/clients/raw-client.ts';
import { pairlane } from '../support/servers/cli-process.ts';
import { pairUp, startTestServer } from '../support/servers/test-server.ts';
import { PATIENCE_MS } from '../support/wait-timeouts.ts';

const running: ChildProcess[] = [];
const servers: SignalingServer[] = [];

afterEach(async () => {
  for (const child of running.splice(0)) {
    child.kill('SIGTERM');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }
  for (const server of servers.splice(0)) await server.stop();
});

/** Starts it, and keeps what it says for whoever waits in vain. */
function start(command: string, args: readonly string[]): () => string {
  const child = spawn(command, [...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (said += text));
  child.on('error', (error) => (said += error.message));
  running.push(child);
  return () => said.slice(-2_000);
}

/** Asks again and again until the answer is there. */
async function eventually<T>(ask: () => Promise<T | undefined>, failed: () => string): Promise<T> {
  const until = Date.now() + PATIENCE_MS;
  for (;;) {
    const answer = await ask().catch(() => undefined);
    if (answer !== undefined) return answer;
    if (Date.now() > until) throw new Error(failed());
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe('the Caddyfile', () => {
  it('serves clients below a path, and nobody drains or reads the metrics through it', async () => {
    const test = await startTestServer({ basePath: '/signal', healthPort: 0, trustProxy: ['127.0.0.1'] });
    const { server } = test;
    const port = await freePort();
    const config = readFileSync('deploy/caddy/Caddyfile', 'utf8')
      .replaceAll('8080', String(port))
      .replaceAll('8765', String(server.port))
      .replaceAll('8766', String(server.healthPort));
    const file = join(mkdtempSync(join(tmpdir(), 'caddy-')), 'Caddyfile');
    // Its own administration has a port that another one may have.
    writeFileSync(file, `{\n\tadmin off\n}\n${config}`);
    const said = start('caddy', ['run', '--config', file, '--adapter', 'caddyfile']);
    const pages = `http://127.0.0.1:${port}`;
    const status = async (path: string) => (await fetch(pages + path)).status;
    await eventually(
      async () => ((await status('/signal/healthz')) === 200 ? true : undefined),
      () => `Caddy did not come up: ${said()}`,
    );
    const url = `ws://127.0.0.1:${port}/signal/`;
    const [a, b] = [await RawClient.connect(url), await RawClient.connect(url)];
    await pairUp(a, b);
    for (const [path, method] of [
      ['/signal/drain', 'POST'],
      ['/signal/metrics', 'GET'],
    ] as const) {
      const answer = await fetch(pages + path, { method });
      // Caddy's own word, not the server's.
      expect([answer.status, await answer.text()]).toEqual([403, 'Not from here.']);
    }
    expect(server.parts.readiness.isDraining).toBe(false);
    for (const client of [a, b]) await client.close();
    server.parts.readiness.add('out_of_descriptors');
    await eventually(
      async () => ((await status('/signal/healthz')) === 503 ? true : undefined),
      () => `Caddy did not notice that the server is not ready: ${said()}`,
    );
  });
});

interface Dashboard {
  readonly panels: readonly {
    readonly title: string;
    readonly targets: readonly { readonly expr: string }[];
  }[];
}

describe('Prometheus', () => {
  it('takes the configuration and the alert rules, and has data for every panel of the dashboard', async () => {
    const server = await startServer({ port: 0, healthPort: 0, logLevel: 'silent' });
    servers.push(server);
    const [a, b, lone] = [
      await RawClient.connect(server.url),
      await RawClient.connect(server.url),
      await RawClient.connect(server.url),
    ];
    await pairUp(a, b);
    a.send({ type: 'offer', sdp: 'x' });
    await b.next('offer');
    lone.send({ type: 'offer', sdp: 'x' });
    await lone.next('error');
    const home = mkdtempSync(join(tmpdir(), 'prometheus-'));
    copyFileSync('deploy/prometheus/alerts.yml', join(home, 'alerts.yml'));
    const config = readFileSync('deploy/prometheus/prometheus.yml', 'utf8');
    expect(config).toContain('scrape_interval: 15s');
    writeFileSync(
      join(home, 'prometheus.yml'),
      config
        .replace('scrape_interval: 15s', 'scrape_interval: 1s')
        .replace('8766', String(server.healthPort)),
    );
    const port = await freePort();
    const said = start('prometheus', [
      `--config.file=${home}/prometheus.yml`,
      `--storage.tsdb.path=${home}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
    ]);
    const api = async (path: string) => {
      const response = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`);
      const { status, data, error } = (await response.json()) as {
        status: string;
        data: { result: unknown[]; groups: { rules: { name: string; health: string }[] }[] };
        error?: string;
      };
      if (status !== 'success') throw new Error(error);
      return data;
    };
    await eventually(
      async () => ((await api('query?query=up==1')).result.length > 0 ? true : undefined),
      () => `Prometheus has not asked the server: ${said()}`,
    );
    const { panels } = JSON.parse(readFileSync('deploy/grafana/pairlane.json', 'utf8')) as Dashboard;
    expect(panels.length).toBeGreaterThan(5);
    for (const { title, targets } of panels)
      for (const { expr } of targets) {
        const query = expr.replaceAll('$instance', '.+').replaceAll('$__rate_interval', '1m');
        await eventually(
          async () =>
            (await api(`query?query=${encodeURIComponent(query)}`)).result.length > 0 ? true : undefined,
          () => `"${title}" has no data: ${query}`,
        );
      }
    const rules = await eventually(
      async () => {
        const found = (await api('rules')).groups.flatMap((group) => group.rules);
        return found.length > 0 && found.every(({ health }) => health === 'ok') ? found : undefined;
      },
      () => `the alert rules were not evaluated: ${said()}`,
    );
    expect(rules.map(({ name }) => name)).toContain('PairlanePairingsFail');
  });
});

/** The first block of code after those words on the page. */
function blockAfter(page: string, words: string): string {
  const at = page.indexOf(words);
  const [, block] = (at >= 0 && /^```\w+\n(.*?)^```$/ms.exec(page.slice(at))) || [];
  if (block === undefined) throw new Error(`the page has no block after ${words}`);
  return block;
}

describe('the walkthrough (docs/deploy-debian.md)', () => {
  it('has files that run together: clients come in through Caddy, and get a relay of coturn', async () => {
    const page = readFileSync('docs/deploy-debian.md', 'utf8');
    const home = mkdtempSync(join(tmpdir(), 'walkthrough-'));
    const [port, health, outside, turn] = [
      await freePort(),
      await freePort(),
      await freePort(),
      await freePort(),
    ];
    const here = (text: string) =>
      [
        ['signal.example.org {', `http://127.0.0.1:${outside} {`],
        ['signal.example.org', '127.0.0.1'],
        ['THE-CONTENT-OF-/etc/pairlane/turn-secret', 'shared-by-both'],
        ['8765', port],
        ['8766', health],
        ['3478', turn],
      ].reduce((changed, [from, to]) => changed.replaceAll(`${from}`, `${to}`), text);
    const write = (name: string, text: string) => {
      writeFileSync(join(home, name), text);
      return join(home, name);
    };
    const config = write('pairlane.toml', here(blockAfter(page, '`/etc/pairlane/pairlane.toml`')));
    const secret = write('turn-secret', 'shared-by-both\n');
    const token = write('inspect-token', 'a-token-of-the-inspector\n');
    for (const file of [secret, token]) chmodSync(file, 0o600);
    // What the unit hands over as credentials.
    const variables = blockAfter(page, 'secrets.conf').match(/PAIRLANE_\w+=\S+/g) ?? [];
    const env = Object.fromEntries(
      variables.map((one) => one.replace('%d', home).split('=') as [string, string]),
    );
    expect(Object.keys(env).sort()).toEqual(['PAIRLANE_INSPECT_TOKEN_FILE', 'PAIRLANE_TURN_SECRET_FILE']);
    const server = pairlane(['serve', '--config', config], env);
    await server.printed(/Server starting/);

    const own = `listening-ip=127.0.0.1\nrelay-ip=127.0.0.1\npidfile=${home}/pid\nuserdb=${home}/db\nlog-file=stdout\n`;
    const turnConfig = write('turnserver.conf', here(blockAfter(page, '`/etc/turnserver.conf`')) + own);
    const turnSaid = start('turnserver', ['-c', turnConfig, '--simple-log']);
    const site = here(blockAfter(page, '`/etc/caddy/Caddyfile`'));
    const caddySaid = start('caddy', [
      'run',
      '--config',
      write('Caddyfile', `{\n\tadmin off\n}\n${site}`),
      '--adapter',
      'caddyfile',
    ]);
    const url = `http://127.0.0.1:${outside}`;
    const status = async (path: string) => (await fetch(url + path)).status;
    await eventually(
      async () => ((await status('/healthz')) === 200 ? true : undefined),
      () => `Caddy did not come up: ${caddySaid()}`,
    );
    for (const path of ['/drain', '/metrics', '/admin/sessions'])
      expect([path, await status(path)]).toEqual([path, 403]);
    expect(await (await fetch(`http://127.0.0.1:${health}/readyz`)).text()).toBe('ready\n');

    const doctor = pairlane(['doctor', '--json', '--url', `ws://127.0.0.1:${outside}/`]);
    await doctor.exited();
    const checks = doctor.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { name: string; status: string });
    const bad = checks.filter(({ status }) => status === 'bad');
    expect([bad, bad.length > 0 ? turnSaid() : '']).toEqual([[], '']);
    expect(checks.map(({ name }) => name)).toContain('turn');
  });
});
