/** `pairlane serve --workers`: several processes that are to their clients, and to whoever runs them, one server. */
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { serverOptionProblems } from '../../src/server/check-server-options.ts';
import { defaultServerOptions, type ServerOptions } from '../../src/server/options.ts';
import { workerProblems } from '../../src/server/workers/worker-problems.ts';
import { freePort } from '../../tools/free-port.ts';
import { JsonClient } from '../support/clients/json-client.ts';
import { RawClient } from '../support/clients/raw-client.ts';
import { refusalOf } from '../support/clients/refusal-of.ts';
import { ResumableClient } from '../support/clients/resumable-client.ts';
import { openFeed } from '../support/inspect-feed.ts';
import { pairlane, type Run } from '../support/servers/cli-process.ts';
import { PATIENCE_MS } from '../support/wait-timeouts.ts';

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

const openPeer = ({ url }: Fleet, id: string, token: string) =>
  JsonClient.open(`${url}peerjs?${new URLSearchParams({ key: 'peerjs', id, token })}`);

/** Opens clients of PeerJS, `peer 1`, `peer 2` and so on, until one is at another worker than the first. */
async function openPeersApart(
  fleet: Fleet,
): Promise<{ first: JsonClient; last: JsonClient; lastId: string }> {
  const peers: JsonClient[] = [];
  for (;;) {
    const lastId = `peer ${peers.length + 1}`;
    const last = await openPeer(fleet, lastId, `token of ${lastId}`);
    expect(await last.takeOne()).toEqual({ type: 'OPEN' });
    peers.push(last);
    const connected = /Client (\w{8})[\w-]* connected, a PeerJS client/g;
    await fleet.run.printed(new RegExp(`(?:${connected.source}[^]*){${peers.length}}`));
    const nodes = [...fleet.run.stdout.matchAll(connected)].map(([, node]) => node);
    const [first] = peers;
    if (first && nodes[0] !== nodes.at(-1)) return { first, last, lastId };
  }
}

/** Opens subscribers of a topic of y-webrtc until one is at another worker than the first. */
async function subscribeApart({ url }: Fleet, topic: string): Promise<[JsonClient, JsonClient]> {
  const clients: JsonClient[] = [];
  for (;;) {
    const last = await JsonClient.open(`${url}y-webrtc`);
    clients.push(last);
    const own = `of ${clients.length}`;
    last.send({ type: 'subscribe', topics: [topic] });
    last.send({ type: 'publish', topic, data: own });
    await last.until(() => last.inbox.some(({ data }) => data === own), 'its own message');
    // How many of its own worker get it.
    const count = last.inbox.find(({ data }) => data === own)?.clients;
    const [first] = clients;
    if (first && count === 1 && last !== first) return [first, last];
  }
}

/** Publishes as often as it takes: the publisher's worker has to know of the subscriber at the other one first. */
async function publishUntilHeard(
  from: JsonClient,
  to: JsonClient,
  topic: string,
  what: string,
): Promise<void> {
  const heard = () => to.inbox.some(({ data }) => String(data).startsWith(what));
  for (let n = 0; !heard(); n += 1) {
    if (n === 10_000) throw new Error(`'${what}' was published ${n} times and never came`);
    from.send({ type: 'publish', topic, data: `${what} ${n}` });
    await from.until(() => from.inbox.some(({ data }) => data === `${what} ${n}`), 'its own message');
  }
}

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

/** The processes of its workers. */
const pidsIn = ({ stdout }: Run) => [...stdout.matchAll(/"pid":(\d+),"node"/g)].map(([, pid]) => Number(pid));

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Asks for the health over and over, each time on a new connection, until told to stop. @returns what was answered */
async function askAlways(port: number, isEnough: () => boolean): Promise<(number | undefined)[]> {
  const answers: (number | undefined)[] = [];
  while (!isEnough()) {
    const request = get({
      port,
      host: '127.0.0.1',
      path: '/healthz',
      agent: false,
      timeout: PATIENCE_MS / 2,
    });
    request.on('timeout', () => request.destroy(new Error('no answer')));
    try {
      const [response] = (await once(request, 'response')) as [IncomingMessage];
      response.resume();
      answers.push(response.statusCode);
    } catch (error) {
      // Before the port is open.
      if ((error as NodeJS.ErrnoException).code !== 'ECONNREFUSED') throw error;
    }
  }
  return answers;
}

describe('serve --workers', () => {
  it.each(['uws', 'ws'])('answers each connection from the first moment on (--shell %s)', async (shell) => {
    const port = await freePort();
    const run = pairlane(['serve', '--workers', '4', '--port', String(port), '--shell', shell]);
    let isStarted = false;
    const asking = Array.from({ length: 6 }, () => askAlways(port, () => isStarted));
    await run.printed(/4 workers serve on/);
    isStarted = true;
    const answers = (await Promise.all(asking)).flat();
    expect(answers.length).toBeGreaterThan(0);
    expect(answers.filter((status) => status !== 200)).toEqual([]);
  });

  it.each(['uws', 'ws'])(
    'pairs clients of different workers, which count as one (--shell %s)',
    async (shell) => {
      const fleet = await startWorkers('--shell', shell);
      const [ada, bob] = await connectApart(() => RawClient.connect(fleet.url));
      ada.send({ type: 'pair_request', target_id: bob.id });
      await Promise.all([ada.next('paired'), bob.next('paired')]);
      ada.send({ type: 'signal', data: { hello: 'bob' } });
      expect(await bob.next('signal')).toMatchObject({ data: { hello: 'bob' } });
      for (const url of [`${fleet.health}/`, fleet.url.replace('ws', 'http')])
        expect(await pairingsAt(url)).toBe(1);
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
    const isSignal = ({ type }: { type: string }) => type === 'signal';
    await bob.until(() => bob.inbox.some(isSignal), 'the signal');
    // Whether Bob hears meanwhile that Ada is away, and back, depends on how soon she comes.
    const others = bob.inbox.filter(({ type }) => !['ping', 'peer_away', 'peer_back'].includes(type));
    expect(others).toMatchObject([{ type: 'signal', data: { hello: 'again' } }]);
  });

  it('relays between PeerJS clients of different workers, both ways and in order, and an id is taken at all of them', async () => {
    const fleet = await startWorkers('--peerjs', '--peerjs-discovery');
    const { first, last, lastId } = await openPeersApart(fleet);
    const frame = (type: string, dst: string, n: number) => ({
      type,
      dst,
      payload: { connectionId: 'dc_1', n },
    });
    for (let n = 0; n < 20; n += 1) first.send(frame(n === 0 ? 'OFFER' : 'CANDIDATE', lastId, n));
    const received = Array.from({ length: 20 }, (_, n) => ({
      ...frame(n === 0 ? 'OFFER' : 'CANDIDATE', lastId, n),
      src: 'peer 1',
    }));
    expect(await last.take(20)).toEqual(received);
    last.send(frame('ANSWER', 'peer 1', 20));
    expect(await first.takeOne()).toEqual({ ...frame('ANSWER', 'peer 1', 20), src: lastId });
    const feed = await openFeed(new URL(fleet.url));
    await feed.next('hello');
    // One row, although each of the two workers has a side.
    expect((await feed.list({ of: 'pairing', query: lastId })).rows).toEqual([
      expect.objectContaining({ dialect: 'peerjs', known_as: 'peer 1', peer_known_as: lastId }),
    ]);
    const listed = await (await fetch(`${fleet.url.replace('ws', 'http')}peerjs/peers`)).json();
    expect(listed).toEqual(expect.arrayContaining(['peer 1', lastId]));
    for (const id of ['peer 1', lastId, 'peer 1', lastId]) {
      const other = await openPeer(fleet, id, 'another token');
      expect(await other.takeOne()).toMatchObject({ type: 'ID-TAKEN' });
    }
  });

  it('publishes to subscribers of a topic at different workers', async () => {
    const fleet = await startWorkers('--topics');
    const [a, b] = await subscribeApart(fleet, 'here');
    await publishUntilHeard(b, a, 'here', 'from b');
    await publishUntilHeard(a, b, 'here', 'from a');
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

  it('allows an address what --max-key-guesses-per-minute says at all workers together', async () => {
    const fleet = await startWorkers('--max-key-guesses-per-minute', '10');
    const guess = async (client: RawClient) => {
      client.send({ type: 'pair_request', key: '0000-0000-0000' });
      return (await client.next('error')).code;
    };
    const [one, other] = await connectApart(() => RawClient.connect(fleet.url));
    const codes = [];
    for (let n = 0; n < 10; n += 1) codes.push(await guess(one));
    expect(codes).toEqual(Array(10).fill('key_not_found'));
    // Each worker has told what it counts before it answers the first time, and knows of the others before the second.
    for (let time = 0; time < 2; time += 1) await textOf(`${fleet.health}/metrics`);
    for (const client of [one, other]) expect(await guess(client)).toBe('too_many_key_guesses');
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

  it('leaves no worker and no socket when it is told to end while its workers start', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'workers-'));
    const path = join(folder, 'socket');
    const run = pairlane(['serve', '--workers', '2', '--shell', 'ws', '--host', `unix:${path}`]);
    await run.printed(/Server starting on unix:/);
    run.child.kill('SIGTERM');
    expect(await run.exited()).toBe(0);
    expect([existsSync(path), pidsIn(run).filter(isRunning)]).toEqual([false, []]);
    rmSync(folder, { recursive: true });
  });

  it('has no worker that outlives the first process, though each still has lines to log', async () => {
    const { run, url } = await startWorkers();
    const clients = await Promise.all(Array.from({ length: 50 }, () => RawClient.connect(url)));
    for (const { socket } of clients) socket.terminate();
    run.child.kill('SIGKILL');
    await run.exited();
    const until = Date.now() + PATIENCE_MS;
    while (pidsIn(run).some(isRunning) && Date.now() < until) await setTimeout(20);
    expect(pidsIn(run).filter(isRunning)).toEqual([]);
  });

  it.each<[string, Partial<ServerOptions>, string]>([
    [
      'game rooms',
      { rooms: true },
      '--rooms: not with --workers, which do not share games; start another `pairlane serve --rooms` for them',
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
