/** The terminal chat in a pseudo terminal, on the real server: each step of the seed's manual tests. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { WebSocketServer } from 'ws';
import { pairlane } from '../support/servers/cli-process.ts';
import { pairlaneInTerminal, type Terminal } from '../support/servers/pty.ts';
import { startTestServer } from '../support/servers/test-server.ts';
import { until } from '../support/until.ts';

const ID = /\*\*\* Your Client ID: ([0-9a-f-]{36}) \*\*\*/;

async function chat(url: string, ...args: string[]): Promise<{ terminal: Terminal; id: string }> {
  const terminal = pairlaneInTerminal(
    'chat',
    '--url',
    url,
    '--no-ice',
    '--ice-host-address',
    '127.0.0.1',
    ...args,
  );
  const [, id = ''] = await terminal.shows(ID);
  await terminal.shows('\n> ');
  return { terminal, id };
}

type Chatter = Awaited<ReturnType<typeof chat>>;

/** The first one types the other's id; both see what is promised, to the letter. */
async function pair(asker: Chatter, target: Chatter): Promise<void> {
  asker.terminal.type(target.id);
  await Promise.all([
    asker.terminal.shows(`*** Paired with ${target.id}! You are the initiator. ***\n> `),
    target.terminal.shows(`*** Paired with ${asker.id}! You are the receiver. ***\n> `),
  ]);
  await Promise.all(
    [asker, target].map(({ terminal }) =>
      terminal.shows('*** Data channel opened! You can now send messages. ***\n> '),
    ),
  );
}

describe('pairlane chat', () => {
  it('gives two clients ids of their own', async () => {
    const { server } = await startTestServer();
    const [a, b] = await Promise.all([chat(server.url), chat(server.url)]);
    expect(a.id).not.toBe(b.id);
    expect([...server.parts.sessions.keys()].sort()).toEqual([a.id, b.id].sort());
  });

  it('pairs by id, says so to both, and chats both ways', async () => {
    const { server } = await startTestServer();
    const [a, b] = await Promise.all([chat(server.url), chat(server.url)]);
    await pair(a, b);
    a.terminal.type('Hello from A');
    await b.terminal.shows('< Peer: Hello from A\n> ');
    b.terminal.type('Hello from B, ü');
    await a.terminal.shows('< Peer: Hello from B, ü\n> ');
  });

  it('pairs by a key that it shows, typed in lower case and without dashes', async () => {
    const { server } = await startTestServer();
    const a = pairlaneInTerminal('chat', '--url', server.url, '--no-ice', '--new-key');
    const [, id] = await a.shows(ID);
    const [, key = ''] = await a.shows(
      /\*\*\* Your pairing key: ([0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}) \*\*\*/,
    );
    const b = await chat(server.url);
    b.terminal.type(key.toLowerCase().replaceAll('-', ''));
    await b.terminal.shows(`*** Paired with ${id}! You are the initiator. ***`);
    await a.shows(`*** Paired with ${b.id}! You are the receiver. ***`);
  });

  it('shows a QR code of the link that a phone in the same network can open, and of none where it cannot', async () => {
    const { server } = await startTestServer({ host: ['127.0.0.1'] });
    const alone = await chat(server.url);
    alone.terminal.type('/new-key');
    await alone.terminal.shows(/\*\*\* Your pairing key: \S+ \*\*\*\n/);
    alone.terminal.type('/help');
    await alone.terminal.shows('/stats');
    expect(alone.terminal.screen).not.toContain('█');
  });

  it('pairs with whom the command line says', async () => {
    const { server } = await startTestServer();
    const a = await chat(server.url);
    const b = await chat(server.url, '--id', a.id);
    await b.terminal.shows(`*** Paired with ${a.id}! You are the initiator. ***`);
    await a.terminal.shows('*** Data channel opened! You can now send messages. ***');
  });

  it('says that a target is not found, and that what is typed names one, and takes another one', async () => {
    const { server } = await startTestServer();
    const [a, b] = await Promise.all([chat(server.url), chat(server.url)]);
    a.terminal.type('nobody');
    await a.terminal.shows('*** Server Error: Target client not found ***\n> ');
    await a.terminal.shows('*** Not paired yet: what you type is taken for the id or key of a peer. ***\n> ');
    a.terminal.type(a.id);
    await a.terminal.shows('*** Server Error: You cannot pair with yourself ***\n> ');
    a.terminal.type('AAAA-BBBB-CCCC');
    await a.terminal.shows('*** Server Error: Key not found ***\n> ');
    await pair(a, b);
  });

  it('tells a third client that each of a pair is paired already, and the pair does not notice', async () => {
    const { server } = await startTestServer();
    const [a, b, c] = await Promise.all([chat(server.url), chat(server.url), chat(server.url)]);
    await pair(a, b);
    for (const { id } of [a, b]) {
      c.terminal.type(id);
      await c.terminal.shows('*** Server Error: Target client is already paired ***\n> ');
    }
    a.terminal.type('still here?');
    await b.terminal.shows('< Peer: still here?\n> ');
  });

  it('stays through several ping intervals, unpaired and paired', async () => {
    const { server, clock, log } = await startTestServer({ pingIntervalMs: 1_000, pingTimeoutMs: 500 });
    const [a, b] = await Promise.all([chat(server.url), chat(server.url)]);
    const pings = () => log.filter(({ msg }) => msg.startsWith('Ping to')).length;
    const idle = async () => {
      for (let i = 0; i < 3; i += 1) {
        const before = pings();
        clock.advance(1_100);
        expect(pings()).toBe(before + 2);
        while ([...server.parts.sessions.values()].some(({ isPinged }) => isPinged)) {
          await new Promise((resolve) => setImmediate(resolve));
        }
      }
    };
    await idle();
    await pair(a, b);
    await idle();
    a.terminal.type('still here');
    await b.terminal.shows('< Peer: still here\n> ');
  });

  it('on Ctrl+C ends with status 0; the other is told, and pairs anew with a third client', async () => {
    const { server } = await startTestServer();
    const [a, b, c] = await Promise.all([chat(server.url), chat(server.url), chat(server.url)]);
    await pair(a, b);
    a.terminal.ctrlC();
    await b.terminal.shows(`*** Peer ${a.id} disconnected. ***\n`);
    await b.terminal.shows('Ready for new connection.\n> ');
    expect(await a.terminal.exited()).toBe(0);
    await pair(c, b);
    b.terminal.type('welcome');
    await c.terminal.shows('< Peer: welcome\n> ');
  });

  it('on the end of input ends with status 0', async () => {
    const { server } = await startTestServer();
    const { terminal } = await chat(server.url);
    terminal.ctrlD();
    expect(await terminal.exited()).toBe(0);
  });

  it('says that it waits while the channel is not open', async () => {
    const { server, connect } = await startTestServer();
    // One that never offers nor answers.
    const silent = await connect();
    const { terminal } = await chat(server.url);
    terminal.type(silent.id);
    await terminal.shows('You are the initiator. ***\n> ');
    terminal.type('hello?');
    await terminal.shows('*** Waiting for the data channel to open. ***\n> ');
  });

  it('keeps what is half typed when a line arrives', async () => {
    const { server } = await startTestServer();
    const [a, b] = await Promise.all([chat(server.url), chat(server.url)]);
    await pair(a, b);
    b.terminal.press('half a li');
    await b.terminal.shows('half a li');
    a.terminal.type('interrupting');
    await b.terminal.shows('< Peer: interrupting\n> half a li');
    b.terminal.type('ne');
    await a.terminal.shows('< Peer: half a line\n> ');
  });

  it('takes /help, /new-key and /stats for itself, and sends what begins with two slashes', async () => {
    const { server } = await startTestServer();
    const [a, b] = await Promise.all([chat(server.url), chat(server.url)]);
    a.terminal.type('/help');
    await a.terminal.shows(/\/stats +show the connection.*Ctrl\+C +end the chat/s);
    for (const line of a.terminal.screen.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    a.terminal.type('/stats');
    await a.terminal.shows('*** There is no connection. ***\n> ');
    a.terminal.type('/new-key');
    const [, key = ''] = await a.terminal.shows(/\*\*\* Your pairing key: (\S+) \*\*\*/);
    b.terminal.type(key);
    await a.terminal.shows('*** Data channel opened! You can now send messages. ***\n> ');
    a.terminal.type('/stats');
    await a.terminal.shows(/\*\*\* direct by UDP(, [\d.]+ ms)?; \d+ bytes sent, \d+ received \*\*\*/);
    a.terminal.type('/nonsense');
    await a.terminal.shows('*** There is no /nonsense; /help shows what there is. ***\n> ');
    a.terminal.type('//etc');
    await b.terminal.shows('< Peer: /etc\n> ');
  });

  it('shows no control characters that a peer sends', async () => {
    const { server } = await startTestServer();
    const a = await chat(server.url);
    const b = pairlaneInTerminal(
      ...['bot', '--url', server.url, '--no-ice', '--ice-host-address', '127.0.0.1', '--id', a.id],
      ...['--say', '\x1b[2Jgone\x07'],
    );
    await b.shows('open');
    await a.terminal.shows('< Peer: \ufffd[2Jgone\ufffd\n> ');
  });

  it('tells in one line that there is no server, with status 1', async () => {
    const terminal = pairlaneInTerminal('chat', '--url', 'ws://127.0.0.1:1/');
    expect(await terminal.exited()).toBe(1);
    expect(terminal.screen.trim().split('\n')).toEqual([
      'pairlane chat: ws://127.0.0.1:1/: The signaling server cannot be reached. Is it running, and is the URL right? (ECONNREFUSED)',
    ]);
  });

  it('tells in one line that the file of its token cannot be read, or is empty, with status 1', async () => {
    for (const [file, why] of [
      ['/nowhere/token', 'cannot read /nowhere/token (ENOENT)'],
      ['/dev/null', '/dev/null is empty'],
    ] as const) {
      const run = pairlane(['chat', '--token-file', file]);
      expect(await run.exited()).toBe(1);
      expect(run.stderr).toBe(`pairlane chat: --token-file: ${why}\n`);
    }
  });

  it.each([
    ['a key', '--new-key'],
    ['a room', '--room=lobby'],
  ])('can be left while the server does not answer its wish for %s', async (_what, wish) => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    server.on('connection', (socket) => {
      socket.send(JSON.stringify({ type: 'your_id', id: 'me', ping_interval_ms: 0 }));
      socket.on('message', () => run.child.kill('SIGINT'));
    });
    await once(server, 'listening');
    const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const run = pairlane(['chat', '--url', url, '--no-ice', wish]);
    expect(await run.exited()).toBe(0);
    expect(run.stdout).not.toContain('Error');
    server.close();
  });

  it('takes its own leaving for no error: the end of input while it waits to be paired', async () => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    server.on('connection', (socket) => {
      socket.send(JSON.stringify({ type: 'your_id', id: 'me', ping_interval_ms: 0 }));
      socket.on('message', () => run.child.stdin.end());
    });
    await once(server, 'listening');
    const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const run = pairlane(['chat', '--url', url, '--no-ice', '--id', 'somebody']);
    expect(await run.exited()).toBe(0);
    server.close();
    expect(run.stdout).toContain('Your Client ID: me');
    expect(run.stdout).not.toContain('Error');
  });

  it('is told once when the server goes away, and ends on Ctrl+C while it tries again', async () => {
    const { server } = await startTestServer();
    const { terminal } = await chat(server.url);
    await server.stop();
    await terminal.shows('*** Connection to the server lost. Trying again. ***\n> ');
    terminal.ctrlC();
    expect(await terminal.exited()).toBe(0);
    expect(terminal.screen.match(/lost/g)).toHaveLength(1);
  });
});

describe('a client that ignores pings', () => {
  it('is disconnected after the interval and the timeout, and a chat that it was paired with is told', async () => {
    const { server, clock, connect, log } = await startTestServer({
      pingIntervalMs: 1_000,
      pingTimeoutMs: 500,
    });
    const silent = await connect();
    const { terminal, id } = await chat(server.url);
    terminal.type(silent.id);
    await terminal.shows(`*** Paired with ${silent.id}!`);
    clock.advance(1_100);
    await silent.next('paired');
    await until(() => !server.parts.sessions.get(id)?.isPinged);
    clock.advance(600);
    expect(await silent.whenClosed()).toMatchObject({ code: 4408 });
    await terminal.shows(`*** Peer ${silent.id} disconnected. ***`);
    await terminal.shows('Ready for new connection.\n> ');
    expect(log.some(({ msg }) => msg === `Client ${silent.id} timed out`)).toBe(true);
  });
});
