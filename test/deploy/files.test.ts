/** The files of deploy/: each is judged by the tool that will read it, and names options and ports that there are. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { validate as validateDockerfile } from 'dockerfile-utils';
import * as apps from 'kubernetes-models/apps/v1';
import * as networking from 'kubernetes-models/networking.k8s.io/v1';
import * as policy from 'kubernetes-models/policy/v1';
import * as core from 'kubernetes-models/v1';
import { parse, parseAllDocuments } from 'yaml';
import { variablesOf } from '../../src/common/options.ts';
import { serveOptions } from '../../src/server/options.ts';

const read = (path: string) => readFileSync(`deploy/${path}`, 'utf8');
const known = variablesOf(serveOptions);

function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const { status, stdout, stderr, error } = spawnSync(command, [...args], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  return { status, said: `${error ?? ''}${stdout}${stderr}` };
}

describe('every file of deploy/', () => {
  it.each([
    'docker/Dockerfile',
    'docker/compose.yaml',
    'systemd/pairlane.service',
    'kubernetes/pairlane.yaml',
  ])('%s names only variables that `serve` reads', (path) => {
    const named = read(path).match(/PAIRLANE_[A-Z_]+/g) ?? [];
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter((name) => !known.includes(name))).toEqual([]);
  });
});

describe('Dockerfile', () => {
  const dockerfile = read('docker/Dockerfile');

  it('has nothing that its linter objects to', () => {
    expect(validateDockerfile(dockerfile)).toEqual([]);
    expect(validateDockerfile(dockerfile.replace('USER node', 'USERS node'))).toHaveLength(1);
  });

  it('runs as a user of its own, and asks for health', () => {
    const last = dockerfile.slice(dockerfile.lastIndexOf('FROM '));
    expect(last).toMatch(/^USER node$/m);
    expect(last).toMatch(/^HEALTHCHECK /m);
  });

  it('has a health check that passes where the server answers, and fails where none does', () => {
    const [, check = ''] = /^ {2}CMD (\["node".*\])$/m.exec(dockerfile) ?? [];
    const [, ...args] = JSON.parse(check) as string[];
    // Nobody listens on port 1.
    expect(
      run(
        process.execPath,
        args.map((arg) => arg.replace('8766', '1')),
      ).status,
    ).toBe(1);
    const answering = `require('node:http').createServer((q, r) => r.end()).listen(0, '127.0.0.1', function () {
      const { execFile } = require('node:child_process');
      const args = ${JSON.stringify(args)}.map((arg) => arg.replace('8766', this.address().port));
      execFile(process.execPath, args, (error) => process.exit(error ? 1 : 0));
    })`;
    expect(run(process.execPath, ['-e', answering]).status).toBe(0);
  });
});

describe('compose.yaml', () => {
  it('is taken by docker-compose, with the same secret for both nodes and a number for each', () => {
    const home = mkdtempSync(join(tmpdir(), 'compose-'));
    mkdirSync(join(home, 'deploy/docker'), { recursive: true });
    const file = join(home, 'deploy/docker/compose.yaml');
    writeFileSync(file, read('docker/compose.yaml'));
    const { status, said } = run('docker-compose', ['-f', file, 'config'], { TURN_HOST: 'turn.example.org' });
    expect([status, said]).toEqual([0, expect.stringContaining('services:')]);
    const { services } = parse(said);
    expect([services.node1, services.node2].map(({ environment }) => environment.PAIRLANE_NODE)).toEqual([
      '1',
      '2',
    ]);
    expect(services.node1.environment.PAIRLANE_TURN_URL).toBe('turn:turn.example.org:3478');
    for (const node of [services.node1, services.node2])
      expect(node).toMatchObject({ read_only: true, cap_drop: ['ALL'] });
  });
});

describe('the systemd unit', () => {
  it('is exposed by less than 2.5, as systemd-analyze judges', () => {
    const { said } = run('systemd-analyze', [
      'security',
      '--offline=true',
      '--no-pager',
      'deploy/systemd/pairlane.service',
    ]);
    const [, level = ''] = /Overall exposure level for pairlane\.service: ([\d.]+)/.exec(said) ?? [];
    expect([said.slice(-200), Number(level) > 0 && Number(level) < 2.5]).toEqual([expect.anything(), true]);
  });

  it('has nothing that systemd does not know', () => {
    const home = mkdtempSync(join(tmpdir(), 'unit-'));
    const file = join(home, 'pairlane.service');
    const verify = (unit: string) => {
      writeFileSync(file, unit);
      const { said } = run('systemd-analyze', ['verify', '--recursive-errors=no', file]);
      return said.split('\n').filter((line) => line.includes('pairlane.service'));
    };
    // The unit's Node is where Debian and NodeSource put it; the test's may be elsewhere.
    const unit = read('systemd/pairlane.service').replace('/usr/bin/node', process.execPath);
    expect(verify(unit)).toEqual([]);
    expect(verify(unit.replace('ProtectClock', 'ProtectClocks')).join()).toContain('ProtectClocks');
  });
});

describe('the Kubernetes manifests', () => {
  const models = { ...core, ...apps, ...policy, ...networking } as unknown as Record<
    string,
    new (
      data: unknown,
    ) => { validate(): void }
  >;
  const documents = parseAllDocuments(read('kubernetes/pairlane.yaml')).map((each) => each.toJS());
  const validate = (document: { kind: string }) => {
    const Model = models[document.kind];
    if (!Model) throw new Error(`no schema for ${document.kind}`);
    new Model(document).validate();
  };

  it('fit the schemas of Kubernetes', () => {
    expect(documents.map(({ kind }) => kind)).toEqual([
      'StatefulSet',
      'Service',
      'Service',
      'PodDisruptionBudget',
      'Deployment',
      'Service',
      'NetworkPolicy',
    ]);
    for (const document of documents) validate(document);
    const [nodes] = documents;
    expect(() => validate({ ...nodes, spec: { ...nodes.spec, replicas: 'three' } })).toThrow('replicas');
  });

  it('give a pod more time to end than its drain takes, and probe the port that answers', () => {
    const [{ spec }] = documents;
    const { containers, terminationGracePeriodSeconds } = spec.template.spec;
    const [{ env, ports, readinessProbe, livenessProbe, lifecycle }] = containers;
    const drainMs = Number(env.find(({ name }: { name: string }) => name === 'PAIRLANE_DRAIN_MS').value);
    const waitS = Number(lifecycle.preStop.exec.command[1]);
    expect(terminationGracePeriodSeconds).toBeGreaterThan(drainMs / 1_000 + waitS);
    expect([readinessProbe, livenessProbe].map(({ httpGet }) => httpGet)).toEqual([
      { path: '/readyz', port: 'health' },
      { path: '/healthz', port: 'health' },
    ]);
    expect(ports).toContainEqual({ name: 'health', containerPort: 8766 });
    expect(read('docker/Dockerfile')).toContain('PAIRLANE_HEALTH_PORT=8766');
  });
});

describe('the files for Prometheus', () => {
  it.each([
    ['the configuration', ['check', 'config', 'deploy/prometheus/prometheus.yml']],
    ['the alert rules', ['check', 'rules', 'deploy/prometheus/alerts.yml']],
    ['the tests of the alert rules', ['test', 'rules', 'deploy/prometheus/alerts.test.yml']],
  ])('%s: promtool is content', (_what, args) => {
    const { status, said } = run('promtool', args);
    expect([status, said]).toEqual([0, expect.stringContaining('SUCCESS')]);
  });
});
