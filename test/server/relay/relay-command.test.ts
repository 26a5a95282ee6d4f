/** `pairlane relay` as a process, and its HTTP port. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { RawHost, raw } from '../../support/relay/relay-raw-host.ts';
import { pairlane } from '../../support/servers/cli-process.ts';

let hosts: RawHost[] = [];
afterEach(() => {
  for (const { socket } of hosts) socket.destroy();
  hosts = [];
});

async function relay(id: number, args: readonly string[] = []) {
  const run = pairlane([
    'relay',
    '--id',
    String(id),
    '--name',
    `relay ${id}`,
    '--port',
    '0',
    '--http-port',
    '0',
    ...args,
  ]);
  const [, port, http] = await run.printed(/listens on 127\.0\.0\.1:(\d+), HTTP on 127\.0\.0\.1:(\d+)/);
  return { run, port: Number(port), http: `http://127.0.0.1:${http}` };
}

async function join(port: number, id: number): Promise<RawHost> {
  const host = await RawHost.connect(port);
  hosts.push(host);
  host.send(raw.client(id, 0, `client ${id}`, 'raw'));
  await host.next('status');
  return host;
}

describe('pairlane relay', () => {
  it('answers GET /api/relay with what it knows', async () => {
    const first = await relay(1, ['--info', 'the first']);
    const second = await relay(2, ['--connect', `127.0.0.1:${first.port}`]);
    await second.run.printed(/server 1 registered/);
    const ada = await join(first.port, 100);
    await join(second.port, 101);
    await ada.next('client');
    const response = await fetch(`${first.http}/api/relay`);
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(await response.json()).toEqual({
      id: 1,
      name: 'relay 1',
      info: 'the first',
      adjacent_servers: [2],
      adjacent_clients: [100],
      hosts: [
        { id: 2, kind: 'server', name: 'relay 2', info: '', first_link: 2 },
        { id: 100, kind: 'client', name: 'client 100', info: 'raw', first_link: 100 },
        { id: 101, kind: 'client', name: 'client 101', info: 'raw', first_link: 2 },
      ],
      status_log: [],
    });
    expect((await fetch(`${first.http}/nothing`)).status).toBe(404);
    expect((await fetch(`${first.http}/healthz`)).status).toBe(200);
    expect(await (await fetch(`${first.http}/inspect/`)).text()).toContain(
      '<title>Pairlane inspector</title>',
    );
  });

  it('tells at /api/relay what it knows only to its own machine, or to who knows the token', async () => {
    const { http } = await relay(3);
    const asked = (url: string, headers: Record<string, string>) =>
      fetch(url, { headers }).then((r) => r.status);
    const forwarded = { 'x-forwarded-for': '127.0.0.1' };
    expect(await asked(`${http}/api/relay`, forwarded)).toBe(403);
    const guarded = await relay(4, ['--inspect-token', 'a token of this test']);
    const url = `${guarded.http}/api/relay`;
    expect(await asked(url, {})).toBe(401);
    expect(await asked(url, { authorization: 'Bearer another token' })).toBe(401);
    expect(await asked(url, { authorization: 'Bearer a token of this test' })).toBe(200);
  });

  it('refused for its id says so and how to mend it, and shows the words in its status log', async () => {
    const first = await relay(7);
    const twin = await relay(7, ['--connect', `127.0.0.1:${first.port}`]);
    await twin.run.printed(/the parent refused this server: its id is in use\. Give it another --id/);
    const view = (await (await fetch(`${twin.http}/api/relay`)).json()) as { status_log: string[] };
    expect(view.status_log).toEqual(['A machine has already registered with ID 7']);
  });

  it('on SIGTERM closes its links and ends with 0', async () => {
    const { run, port } = await relay(1);
    const ada = await join(port, 100);
    run.child.kill('SIGTERM');
    await ada.closed();
    expect(await run.exited()).toBe(0);
  });

  it('names all that is wrong with its options, and what to do about a port that is taken', async () => {
    const wrong = pairlane(['relay', '--connect', 'x', '--name', 'n'.repeat(256)]);
    expect(await wrong.exited()).toBe(2);
    for (const problem of [
      '--id: is missing',
      '--port: is missing',
      '--name: should be at most',
      '--connect: should be',
    ])
      expect(wrong.stderr).toContain(problem);
    const { port, http } = await relay(1);
    const second = ['relay', '--id', '2', '--name', 'x'];
    const taken = pairlane([...second, '--port', String(port)]);
    expect(await taken.exited()).toBe(1);
    expect(taken.stderr).toContain('Choose another --port');
    const httpTaken = pairlane([...second, '--port', '0', '--http-port', new URL(http).port]);
    expect(await httpTaken.exited()).toBe(1);
    expect(httpTaken.stderr).toContain('--http-port');
  });
});
