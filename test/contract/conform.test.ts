/** The kit passes those who do what the protocol says, and names what others do otherwise. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, it } from '@jest/globals';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Verdict } from '../../src/contract/conform/run-cases.ts';
import { Wire } from '../../src/contract/conform/wire.ts';
import { buildGoClient, goMissing } from '../support/peers/go-client.ts';
import { Run } from '../support/servers/cli-process.ts';
import { startSilentServer } from '../support/servers/silent-server.ts';
import { PATIENCE_MS } from '../support/wait-timeouts.ts';

// The system's Python, for which Debian's packages are.
const PYTHON = '/usr/bin/python3';
const PING_INTERVAL_MS = 500;
/** The first build on a machine takes half a minute. */
const GO_BUILD_MS = 300_000;
const started: ChildProcess[] = [];
const rude: WebSocketServer[] = [];

afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
  for (const server of rude.splice(0)) {
    for (const socket of server.clients) socket.terminate();
    server.close();
  }
});

/** The server of the first protocol, in Python. @param mutant the promise that it breaks @returns its URL */
async function seedServer(mutant = ''): Promise<string> {
  const child = spawn(PYTHON, ['test/contract/seed/server.py', '--mutant', mutant], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  started.push(child);
  for await (const port of createInterface({ input: child.stdout as NodeJS.ReadableStream }))
    return `ws://127.0.0.1:${port}/`;
  throw new Error('the server in Python has ended');
}

async function conform(...args: string[]): Promise<{ status: number | null; verdicts: Verdict[] }> {
  const run = new Run(['dist/cli.js', 'conform', ...args, '--json']);
  const status = await run.exited();
  if (run.stdout === '') throw new Error(`it said nothing, and ended with ${status}: ${run.stderr}`);
  const lines = run.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  return { status, verdicts: lines.slice(0, -1) };
}

const failed = (verdicts: readonly Verdict[]) => verdicts.filter(({ result }) => result === 'fail');
const seedLevel = ['--level', 'seed', '--ping-interval-ms', String(PING_INTERVAL_MS)];

/** A server that greets each client, and answers whatever it sends in one way. @returns its URL */
async function rudeServer(answer: (socket: WebSocket) => void): Promise<string> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  rude.push(server);
  let clients = 0;
  server.on('connection', (socket) => {
    clients += 1;
    socket.on('error', () => {});
    socket.on('message', () => answer(socket));
    socket.send(JSON.stringify({ type: 'your_id', id: `${clients}`, resume: 'secret' }));
  });
  await once(server, 'listening');
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

describe('pairlane conform, for a server', () => {
  it.each<[string, (socket: WebSocket) => void, string]>([
    [
      'a message of 100,000 levels',
      (socket) => socket.send(`{"type":"error","more":${'['.repeat(100_000)}${']'.repeat(100_000)}}`),
      'one whose JSON is too deep',
    ],
    ['a message of 2 MiB', (socket) => socket.send('y'.repeat(2 * 1024 * 1024)), 'closed with 1006'],
    [
      '1,001 messages that are no answer',
      (socket) => {
        for (let n = 0; n <= 1_000; n += 1) socket.send('{"type":"from_the_future"}');
      },
      '1000 other messages',
    ],
  ])('names the fault of a server that answers with %s', async (_what, answer, got) => {
    const url = await rudeServer(answer);
    const { verdicts } = await conform(url, '--walks', '0', '--only', 'is not paired is dropped');
    expect(failed(verdicts)).toMatchObject([{ got }]);
  });

  it('reads no more than 16 MiB that nobody asked for', async () => {
    const text = JSON.stringify({ type: 'from_the_future', field: 'y'.repeat(512 * 1024) });
    const url = await rudeServer((socket) => {
      for (let n = 0; n < 64; n += 1) socket.send(text);
    });
    const wire = new Wire({ url, patienceMs: PATIENCE_MS });
    await wire.opened('it connected');
    wire.send({ type: 'ping' });
    await wire.closed('it was sent 32 MiB');
    await expect(wire.nextFrame('it was sent 32 MiB')).rejects.toMatchObject({
      got: 'more than 16777216 bytes that nobody asked for',
    });
  });

  it(
    'passes Pairlane in all that its protocol says, nothing skipped',
    async () => {
      const server = new Run([
        'dist/cli.js',
        'serve',
        '--port',
        '0',
        '--ping-interval-ms',
        String(PING_INTERVAL_MS),
        '--ping-timeout-ms',
        String(PING_INTERVAL_MS),
      ]);
      const [, address] = await server.printed(/Server starting on (127\.0\.0\.1:\d+)/);
      const { status, verdicts } = await conform(`ws://${address}/`);
      expect(verdicts.filter(({ result }) => result !== 'pass')).toEqual([]);
      expect(status).toBe(0);
      expect(verdicts.length).toBeGreaterThan(40);
    },
    PATIENCE_MS,
  );

  it(
    'passes a server of the first protocol in Python at level seed',
    async () => {
      const { status, verdicts } = await conform(...[await seedServer(), ...seedLevel]);
      expect(verdicts.filter(({ result }) => result !== 'pass')).toEqual([]);
      expect(status).toBe(0);
    },
    PATIENCE_MS,
  );

  it.each([
    ['one-id', 'your_id is the first message of every connection, and no two ids are equal'],
    [
      'order-of-checks',
      'a pair request is refused in order: the target exists, the asker is free, the target is free',
    ],
    [
      'initiator',
      'a pair request pairs: the one who asked is the initiator, and each is told the id of the other',
    ],
    ['forged-from-peer', 'offer reaches the peer as it was sent, with from_peer, and nobody else'],
    ['drops-fields', 'candidate reaches the peer as it was sent, with from_peer, and nobody else'],
    ['echo', 'offer reaches the peer as it was sent, with from_peer, and nobody else'],
    ['silent-leave', 'a peer that closes its socket is told of, and the other may pair with a third'],
    ['stays-paired', 'a peer that loses its socket is told of, and the other may pair with a third'],
    [
      'bad-input-closes',
      'what is no JSON, no object or of no known type is answered with an error at most, and the connection stays',
    ],
    ['no-ping', 'a silent client is pinged, a pong keeps it, and one that never answers is closed'],
  ])(
    'names the case when a server breaks its promise: %s',
    async (mutant, name) => {
      const url = await seedServer(mutant);
      const { status, verdicts } = await conform(url, ...seedLevel, '--only', name);
      expect(failed(verdicts).map((verdict) => verdict.name)).toEqual([name]);
      expect(status).toBe(1);
    },
    PATIENCE_MS,
  );

  it(
    'judged by the model alone, a server that stays paired is found by random walks',
    async () => {
      const url = await seedServer('stays-paired');
      const { verdicts } = await conform(url, ...seedLevel, '--only', 'random walk');
      expect(failed(verdicts).length).toBeGreaterThan(0);
    },
    PATIENCE_MS,
  );

  it.each([
    [['ws://127.0.0.1:9/'], 1, 'no WebSocket server answers at ws://127.0.0.1:9/'],
    [
      ['http://127.0.0.1/'],
      2,
      "'http://127.0.0.1/' is no URL of a WebSocket; it should be like ws://127.0.0.1:8765/",
    ],
    [[], 2, 'give either the URL of a server or --client COMMAND'],
    [['ws://127.0.0.1:1/', '--client', 'x'], 2, 'give either the URL of a server or --client COMMAND'],
  ])('says in one line what is wrong with %j', async (args, status, message) => {
    const run = new Run(['dist/cli.js', 'conform', ...args]);
    expect(await run.exited()).toBe(status);
    const hint = status === 2 ? 'Try: pairlane conform --help\n' : '';
    expect(run.stderr).toBe(`pairlane conform: ${message}\n${hint}`);
  });
});

it('pairlane conform says in one line that a port at which nobody says anything is no server', async () => {
  const url = `ws://127.0.0.1:${await startSilentServer()}/`;
  const run = new Run(['dist/cli.js', 'conform', url, '--patience-ms', '200']);
  expect(await run.exited()).toBe(1);
  expect(run.stderr).toBe(`pairlane conform: no WebSocket server answers at ${url}\n`);
});

describe('pairlane conform, for a client', () => {
  // Where it cannot be built, test/interop/reference-clients.test.ts says so.
  if (goMissing === undefined)
    it(
      'passes the reference client in Go, which can come back',
      async () => {
        const command = `${buildGoClient()} --no-ice {url}`;
        const { status, verdicts } = await conform('--client', command, '--patience-ms', '20000');
        expect(verdicts.filter(({ result }) => result !== 'pass')).toEqual([]);
        expect(status).toBe(0);
      },
      GO_BUILD_MS,
    );

  it.each([
    ["Pairlane's own bot", 'node dist/cli.js bot --url {url} --echo --no-ice'],
    [
      'the reference client in Python, which can come back',
      `PYTHONPATH=clients/python PYTHONDONTWRITEBYTECODE=1 ${PYTHON} -m pairlane_client {url} --no-ice`,
    ],
  ])(
    'passes %s',
    async (_name, command) => {
      const { status, verdicts } = await conform('--client', command, '--patience-ms', '20000');
      expect(verdicts).toHaveLength(10);
      expect(verdicts.filter(({ result }) => result !== 'pass')).toEqual([]);
      expect(status).toBe(0);
    },
    PATIENCE_MS,
  );

  it(
    'passes a client of the first protocol in Python, on aiortc, and skips the cases of coming back, which it does not',
    async () => {
      const command = `${PYTHON} test/contract/seed/client.py {url}`;
      const { status, verdicts } = await conform('--client', command, '--patience-ms', '20000');
      expect(verdicts.map(({ level, result }) => `${level} ${result}`)).toEqual([
        ...Array(6).fill('seed pass'),
        ...Array(4).fill('full skipped'),
      ]);
      expect(verdicts.at(-1)?.why).toBe('it asks for no session that it can come back to (?resume=1)');
      expect(status).toBe(0);
    },
    PATIENCE_MS,
  );

  it.each([
    ['comes back with an old token', 'old-token', 'a token that is not the last one'],
    ['numbers anew what it sends again', 'renumbers', 'a frame with the numbers'],
    ['takes what it has already', 'twice', 'an offer'],
  ])(
    'names the case when a client %s',
    async (_what, mutant, got) => {
      const command = `PYTHONPATH=clients/python PYTHONDONTWRITEBYTECODE=1 ${PYTHON} test/contract/mutant_client.py ${mutant} {url}`;
      const { verdicts } = await conform('--client', command, '--patience-ms', '20000');
      expect(failed(verdicts)).toEqual([
        expect.objectContaining({ level: 'full', got: expect.stringContaining(got) }),
      ]);
    },
    PATIENCE_MS,
  );

  it.each([
    ['a frame with reserved bits', 'it was closed by the client'],
    ['a frame of 16 MiB', 'it was closed by the client'],
    ['a message of 100,000 levels', 'candidate: too deep'],
    ['200,000 messages', 'more than 10000 messages in one step'],
  ])('names the fault of a client that sends %s', async (what, got) => {
    const client = `node test/contract/rude-client.mjs {url} '${what}'`;
    const { verdicts, status } = await conform('--client', client);
    expect(failed(verdicts)).toMatchObject([{ got }]);
    expect(status).toBe(1);
  });

  it('says so at once when the command ends without connecting, and with what', async () => {
    const { status, verdicts } = await conform('--client', 'exit 3', '--patience-ms', '200000');
    expect(failed(verdicts)).toMatchObject([{ got: 'the command ended with status 3' }]);
    expect(status).toBe(1);
  });

  it(
    'names what a client does not do, and skips what stands on it',
    async () => {
      const { status, verdicts } = await conform(
        '--client',
        `${PYTHON} test/interop/aiortc_peer.py {url}`,
        '--patience-ms',
        '20000',
      );
      expect(failed(verdicts)).toEqual([
        expect.objectContaining({
          name: 'told that its peer is gone, it stays, and connects to the next one in the other role',
          got: 'it was closed by the client',
        }),
      ]);
      expect(status).toBe(1);
    },
    PATIENCE_MS,
  );
});
