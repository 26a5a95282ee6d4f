/** `pairlane serve --workers`: several processes that are to their clients, and to whoever runs them, one server. */
import { describe, expect, it } from '@jest/globals';
import { serverOptionProblems } from '../../src/server/check-server-options.ts';
import { defaultServerOptions, type ServerOptions } from '../../src/server/options.ts';
import { workerProblems } from '../../src/server/workers/worker-problems.ts';
import { RawClient } from '../support/clients/raw-client.ts';
import { refusalOf } from '../support/clients/refusal-of.ts';
import { ResumableClient } from '../support/clients/resumable-client.ts';
import { openFeed } from '../support/inspect-feed.ts';
import { pairlane, type Run } from '../support/servers/cli-process.ts';

interface Fleet {
  readonly run: Run;
  readonly url: string;
  /** Where health and metrics are. */
  readonly health: string;
}

async function startWorkers(...args: string[]): Promise<Fleet> {
  const run = pairlane(['serve', '--workers', '2', '--port', '0', '--health-port', '0', ...args]);
  const [, place] = await run.printed(/2 workers serve on ([\d.:]+)/);
  const [, healthPort] = await run.printed(/Health checks on port (\d+)/);
  return { run, url: `ws://${place}/`, health: `http://127.0.0.1:${healthPort}` };
}

const nodeOf = (id: string) => id.slice(0, 8);

/** Two clients at different workers, of as many as it takes: the system chooses. */
async function connectApart<Client extends { id: string }>(
  connect: () => Promise<Client>,
): Promise<[Client, Client]> {
  const first = await connect();
  for (;;) {
    const other = await connect();
    if (nodeOf(other.id) !== nodeOf(first.id)) return [first, other];
  }
}

const textOf = async (url: string) => (await fetch(url)).text();

/** The pairings that the workers count together. */
async function pairingsAt(url: string): Promise<number> {
  const text = await textOf(`${url}metrics`);
  const counts = [...text.matchAll(/^pairlane_pairings\{.*\} (\d+)$/gm)];
  return counts.reduce((sum, [, count]) => sum + Number(count), 0);
}

/** As often as it takes: that its worker is gone has to be known first. */
async function comesBack(client: ResumableClient, url: string): Promise<ResumableClient> {
  const back = await client.comeBack(url).catch(() => undefined);
  return back ?? comesBack(client, url);
}

/** Ends the process of a client's worker as a crash would. */
async function endWorkerOf(id: string, { run }: Fleet): Promise<void> {
  const node = Number.parseInt(nodeOf(id), 16);
  const [, pid] = await run.printed(new RegExp(`"pid":(\\d+),"node":${node},`));
  process.kill(Number(pid), 'SIGKILL');
}

describe('serve --workers', () => {
  it.each(['uws', 'ws'])(
    'pairs clients of different workers, which count as one (--shell %s)',
    async (shell) => {
      const fleet = await startWorkers('--shell', shell);
      const [ada, bob] = await connectApart(() => RawClient.connect(fleet.url));
      ada.send({ type: 'pair_request', target_id: bob.id });
      await Promise.all([ada.next('paired'), bob.next('paired')]);
      ada.send({ type: 'signal', data: { hello: 'bob' } });
      expect(await bob.next('signal')).toMatchObject({ data: { hello: 'bob' } });
      // Each of the two workers has its own half of the pairing.
      for (const url of [`${fleet.health}/`, fleet.url.replace('ws', 'http')])
        expect(await pairingsAt(url)).toBe(2);
      expect(await textOf(`${fleet.health}/readyz`)).toBe('ready\n');
      const feed = await openFeed(new URL(fleet.url));
      await feed.next('hello');
      const { rows } = await feed.list({ of: 'session' });
      expect(rows.map(({ id }) => id)).toEqual(expect.arrayContaining([ada.id, bob.id]));
      const { rows: pairings } = await feed.list({ of: 'pairing' });
      expect(pairings).toMatchObject([{ id: ada.id, peer_id: bob.id }]);
    },
  );

  it('starts another worker for one that dies, whose clients come back to their pairing', async () => {
    const fleet = await startWorkers();
    const [ada, bob] = await connectApart(() => ResumableClient.connect(fleet.url));
    ada.send({ type: 'pair_request', target_id: bob.id });
    const [{ epoch }] = await Promise.all([ada.next('paired'), bob.next('paired')]);
    ada.pairing = { peer_id: bob.id, epoch: Number(epoch), initiator: true };
    await endWorkerOf(ada.id, fleet);
    await ada.whenClosed();
    await fleet.run.printed(/Worker \d ended by SIGKILL; another one starts/);
    const back = await comesBack(ada, fleet.url);
    expect(back.id).toBe(ada.id);
    back.send({ type: 'signal', data: { hello: 'again' } });
    expect(await bob.next('signal')).toMatchObject({ data: { hello: 'again' } });
  });

  it('allows an address what --max-connections-per-address says at all workers together', async () => {
    const fleet = await startWorkers('--max-connections-per-address', '3');
    await RawClient.connect(fleet.url);
    await RawClient.connect(fleet.url);
    await RawClient.connect(fleet.url);
    // Each worker has told what it counts before it answers the first time, and knows of the others before the second.
    for (let time = 0; time < 2; time += 1) await textOf(`${fleet.health}/metrics`);
    for (let tries = 0; tries < 6; tries += 1) expect(await refusalOf(fleet.url)).toBe(429);
  });

  it('drains all of them as one: every client is told when to come back, and the program ends with 0', async () => {
    const fleet = await startWorkers('--drain-ms', '1000');
    const clients = await connectApart(() => RawClient.connect(fleet.url));
    const told = clients.map((client) => client.next('restarting'));
    expect((await fetch(`${fleet.url.replace('ws', 'http')}drain`, { method: 'POST' })).status).toBe(202);
    await Promise.all(told);
    expect(await fleet.run.exited()).toBe(0);
  });

  it('says in one line why no worker can serve, and leaves nothing behind', async () => {
    const fleet = await startWorkers();
    const { port } = new URL(fleet.url);
    const second = pairlane(['serve', '--workers', '2', '--port', port]);
    expect([await second.exited(), second.stderr]).toEqual([
      1,
      `pairlane serve: Cannot listen on 127.0.0.1:${port}: the port is taken. Choose another with --port; --port 0 takes a free one\n`,
    ]);
  });

  it.each<[string, Partial<ServerOptions>, string]>([
    [
      'game rooms',
      { rooms: true },
      '--rooms: not with --workers, because its clients ask now one worker, now another',
    ],
    [
      'PeerJS',
      { peerjs: true },
      '--peerjs: not with --workers, whose clients of PeerJS would not reach each other',
    ],
    [
      'a Unix socket',
      { host: ['unix:/run/a.sock'] },
      '--workers: only --shell ws shares a Unix socket among them',
    ],
  ])('refuses %s', (_what, given, problem) => {
    expect(serverOptionProblems(given)).toEqual([]);
    expect(workerProblems({ ...defaultServerOptions, shell: 'auto', ...given })).toEqual([problem]);
  });
});
