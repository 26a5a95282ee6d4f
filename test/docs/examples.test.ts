/** The code in README and docs does what stands there: each example is run against a real server. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { evidenceAt } from '../../src/inspector/records/evidence.ts';
import { startServer } from '../../src/server/index.ts';
import { defaultServerOptions } from '../../src/server/options.ts';
import { pageExamples } from '../support/docs/page-examples.ts';
import { playTranscript } from '../support/docs/transcript.ts';
import { openFeed } from '../support/inspect-feed.ts';
import { httpUrl, openPage } from '../support/peers/browser.ts';
import { event, testPeer } from '../support/peers/werift-peers.ts';
import { type Run, runNode } from '../support/servers/cli-process.ts';
import { startTestServer } from '../support/servers/test-server.ts';
import { until } from '../support/until.ts';

const examples = pageExamples();
const folder = '.cache/docs';
const ran = new Set<string>();

function codeOf(name: string): string {
  ran.add(name);
  const code = examples.get(name);
  if (code === undefined) throw new Error(`no page has an example with the name ${name}`);
  return code;
}

/** Runs an example for Node, with the test's server in the place of its own, and no STUN server. */
function runExample(name: string, serverUrl: string): Run {
  const local = `url: '${serverUrl}', iceServers: [], iceAdditionalHostAddresses: ['127.0.0.1']`;
  const code = codeOf(name)
    .replace("const url = 'ws://127.0.0.1:8765/';", '')
    .replace("url: 'ws://127.0.0.1:8765/'", local)
    .replaceAll('{ url, ', `{ ${local}, `);
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/${name}.mjs`, code);
  return runNode([`${folder}/${name}.mjs`]);
}

/** Shows an example's page in a document that the server gave: it has the server's origin. */
async function openExample(html: string, serverUrl: string): Promise<Page> {
  const page = await openPage(`${httpUrl({ url: serverUrl })}healthz`);
  await page.setContent(`<!doctype html><body></body>${html}`);
  return page;
}

/** Pairs with the page by the key in its title; both say something. */
async function talkTo(page: Page, serverUrl: string): Promise<void> {
  await page.waitForFunction('/^\\w{4}-\\w{4}-\\w{4}$/.test(document.title)');
  const peer = await testPeer(serverUrl);
  const said = event(peer, 'message');
  await peer.pair({ key: await page.title() });
  expect(await said).toBe('hello');
  await peer.send('hello page');
  await page.getByText('hello page').waitFor();
}

describe('the examples of README and docs', () => {
  it('readme-node: makes a key, talks with whoever pairs with it, and ends', async () => {
    const { server } = await startTestServer();
    const run = runExample('readme-node', server.url);
    const [, key = ''] = await run.printed(/my key: (\S+)/);
    const peer = await testPeer(server.url);
    const said = event(peer, 'message');
    await peer.pair({ key });
    expect(await said).toBe('hello');
    await peer.send('hello you');
    await run.printed(/received hello you/);
    await peer.close();
    expect(await run.exited()).toBe(0);
  });

  it.each(['readme-browser', 'browser-page'])(
    '%s: shows a key, and talks with whoever pairs with it',
    async (name) => {
      const { server } = await startTestServer();
      const { host } = new URL(server.url);
      const html = codeOf(name).replaceAll('127.0.0.1:8765', host);
      await talkTo(await openExample(html, server.url), server.url);
    },
  );

  it('two-peers: Bob pairs with the key of Alice, and she gets what he says', async () => {
    const { server } = await startTestServer();
    const run = runExample('two-peers', server.url);
    expect(await run.exited()).toBe(0);
    expect(run.stdout).toBe('Alice got: Hello Alice\n');
  });

  it('client-tour: an error with a code, two channels, and a goodbye', async () => {
    const { server } = await startTestServer();
    const run = runExample('client-tour', server.url);
    expect(await run.exited()).toBe(0);
    expect(run.stdout).toContain('key_not_found\n');
    expect(run.stdout).toContain('moves Uint8Array(3) [ 1, 2, 3 ]\n');
    expect(run.stdout).toContain('chat good luck\n');
    expect(run.stdout).toMatch(/^Bob is gone: (unpaired|disconnected)$/m);
  });

  it('client-room: three meet in a room, say hello to each other, and go when one says bye', async () => {
    const { server } = await startTestServer();
    const runs = [runExample('client-room', server.url), runExample('client-room', server.url)];
    const peer = await testPeer(server.url, { peers: 8 });
    const room = await peer.join('den');
    const greeted = new Set<string>();
    room.on('message', (data, from) => data === 'hello' && greeted.add(from));
    await until(() => greeted.size === 2 && room.isWhole);
    expect(await room.broadcast('bye')).toEqual({ sent: [...room.peers.keys()], missed: [] });
    for (const run of runs) {
      expect(await run.exited()).toBe(0);
      expect(run.stdout).toMatch(new RegExp(`^${peer.id} connected\\s*$`, 'm'));
      expect(run.stdout).toContain(`${peer.id} says bye\n`);
      expect(run.stderr).toBe('');
    }
  });

  it('test-peers: a server and two peers within one program', async () => {
    const run = runExample('test-peers', '');
    expect(await run.exited()).toBe(0);
    expect(run.stdout).toBe('hello\n');
  });

  it('test-world: an answer is lost and a socket cut, in a time that is moved', async () => {
    const run = runExample('test-world', '');
    expect(await run.exited()).toBe(0);
    expect(run.stdout).toBe("[ 'answer_timeout' ] connected\n");
  });

  it('machine-paths: every transition of a machine of one’s own is taken', async () => {
    const run = runExample('machine-paths', '');
    expect(await run.exited()).toBe(0);
    expect(run.stdout).toMatch(/^door: 3 of 3 taken 10\n# Start of door\n/);
  });

  it('machine-host: a machine of one’s own, stepped in a time that is moved', async () => {
    const run = runExample('machine-host', '');
    expect(await run.exited()).toBe(0);
    expect(run.stdout).toBe('ding open\nclosed\n');
  });

  it('rooms-page: two players join a game, and say hello to each other', async () => {
    const server = await startServer({ port: 0, logLevel: 'silent', rooms: true });
    try {
      const html = codeOf('rooms-page');
      const first = await openExample(html, server.url);
      const second = await openExample(html.replace("'chess-1', 2", "'chess-1', 1"), server.url);
      await Promise.all([first.getByText('1: hello').waitFor(), second.getByText('2: hello').waitFor()]);
    } finally {
      await server.stop();
    }
  });

  it('watch-connection: both ends are in the inspector, connected, with what each says of the other', async () => {
    const { server } = await startTestServer();
    const feed = await openFeed(server);
    const page = await openExample(codeOf('watch-connection'), server.url);
    await page.waitForFunction("document.title === 'open'");
    const query = { of: 'pairing', query: 'call 7', outcome: 'connected' } as const;
    let rows = (await feed.list(query)).rows;
    while (rows.length === 0) ({ rows } = await feed.list(query));
    expect(rows).toEqual([expect.objectContaining({ room: 'watch:call 7', state: 'connected' })]);
    let record = await feed.record(rows[0]?.epoch as number);
    while (evidenceAt(record).size < 2) record = await feed.record(record.header.epoch);
  });

  it('resume-transcript: every line is what client and server say', async () => {
    const { server } = await startTestServer({ pingIntervalMs: defaultServerOptions.pingIntervalMs });
    await playTranscript(codeOf('resume-transcript'), server.url);
  });

  it('are all run here', () => {
    expect([...ran].sort()).toEqual([...examples.keys()].sort());
  });
});
