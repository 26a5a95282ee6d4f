/** The reference clients (clients/), on aiortc and pion, with a peer on werift, over a server and a link that is cut. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { TcpProxy } from '../support/network/tcp-proxy.ts';
import { buildGoClient, goMissing } from '../support/peers/go-client.ts';
import { event, testPeer } from '../support/peers/werift-peers.ts';
import { startTestServer } from '../support/servers/test-server.ts';

const running: ChildProcessWithoutNullStreams[] = [];
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
});

interface Reference {
  readonly language: string;
  /** Why it cannot be tested here. */
  readonly missing?: string | undefined;
  readonly build?: () => void;
  start(url: string, args: readonly string[]): ChildProcessWithoutNullStreams;
}

let goProgram = '';
const references: readonly Reference[] = [
  {
    language: 'Python',
    // The system's Python, for which Debian's packages are.
    start: (url, args) =>
      spawn('/usr/bin/python3', ['-m', 'pairlane_client', url, '--no-ice', ...args], {
        env: { ...process.env, PYTHONPATH: 'clients/python', PYTHONDONTWRITEBYTECODE: '1' },
      }),
  },
  {
    language: 'Go',
    missing: goMissing,
    build() {
      goProgram = buildGoClient();
    },
    start: (url, args) => spawn(goProgram, ['--no-ice', ...args, url]),
  },
];
const BUILD_MS = 300_000;

/** Starts it; what is returned waits for the next of what it says happened. */
function started(reference: Reference, url: string, ...args: string[]) {
  const child = reference.start(url, args);
  running.push(child);
  let errors = '';
  child.stderr.on('data', (data) => {
    errors += data;
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return async (name: string): Promise<Record<string, unknown>> => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`it ended before '${name}': ${errors}`);
    const { event: told, ...fields } = JSON.parse(value);
    if (told !== name) throw new Error(`it told '${value}' before '${name}': ${errors}`);
    return fields;
  };
}

it.each([
  ['Python', 'clients/python/pairlane_client', ['peer.py', 'signaling.py', '__init__.py']],
  ['Go', 'clients/go', ['peer.go', 'signaling.go']],
])('the client in %s, to read and to build on, has less than 400 lines', (_language, folder, files) => {
  const lines = files.flatMap((file) => readFileSync(join(folder, file), 'utf8').trimEnd().split('\n'));
  expect(lines.length).toBeLessThan(400);
});

for (const { language, missing } of references)
  if (missing !== undefined) console.warn(`The client in ${language} is not tested: ${missing}`);
const present = references.filter(({ missing }) => missing === undefined);

describe.each(present)('the client in $language', (reference) => {
  const { language, build } = reference;
  beforeAll(() => build?.(), BUILD_MS);

  it('asks by a key, offers, and chats both ways', async () => {
    const { server } = await startTestServer();
    const werift = await testPeer(server.url);
    const { key } = await werift.createKey();
    const received = event(werift, 'message');
    const told = started(reference, server.url, '--key', key, '--say', `hello from ${language}`);
    await told('ready');
    expect(await told('paired')).toEqual({ peer_id: werift.id, initiator: true });
    await told('open');
    expect(await received).toBe(`hello from ${language}`);
    await werift.send('hello from Node');
    expect(await told('message')).toEqual({ text: 'hello from Node' });
    werift.unpair();
    expect(await told('unpaired')).toMatchObject({ reason: 'unpaired' });
  });

  it('whose link is cut comes back with its id, and misses nothing that was signaled meanwhile', async () => {
    const { server } = await startTestServer();
    const proxy = await TcpProxy.start(server.url);
    const werift = await testPeer(server.url);
    const told = started(reference, proxy.url, '--echo');
    const { id } = await told('ready');
    proxy.refuse();
    proxy.cut();
    // It is asked while it is away: the pairing, and the offer after it, wait for it.
    await werift.pair({ id: id as string });
    proxy.heal();
    expect(await told('paired')).toEqual({ peer_id: werift.id, initiator: false });
    await told('open');
    await werift.opened();
    const echoed = event(werift, 'message');
    await werift.send('still the same');
    expect(await told('message')).toEqual({ text: 'still the same' });
    expect(await echoed).toBe('echo: still the same');
    expect(proxy.connections).toBeGreaterThan(1);
    expect(werift.peerId).toBe(id);
  });
});
