/** The headless bot and the demo as programs: what they print, and with what status they end. */
import { describe, expect, it } from '@jest/globals';
import { pairlane, type Run } from '../support/servers/cli-process.ts';
import { startTestServer } from '../support/servers/test-server.ts';

const local = ['--no-ice', '--ice-host-address', '127.0.0.1'];
const bot = (url: string, ...args: string[]) => pairlane(['bot', '--url', url, ...local, ...args]);

const events = (run: Run): { event: string; [field: string]: unknown }[] =>
  run.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

/** What it misses when its time is over. On a busy machine it may not have come that far, and gets more time. */
async function expectTimeout(
  missing: string,
  start: (timeout: readonly string[]) => Promise<Run>,
): Promise<void> {
  const misses: string[] = [];
  for (const seconds of [1, 4, 16]) {
    const run = await start(['--timeout', String(seconds)]);
    expect(await run.exited()).toBe(1);
    misses.push(run.stderr);
    expect(run.stdout).toContain('error  code: timeout  message: ');
    if (run.stderr === `pairlane bot: ${missing} within ${seconds} s\n`) return;
  }
  expect(misses).toContain(missing);
}

describe('pairlane bot', () => {
  it('says something, and ends with status 0 when each message was answered', async () => {
    const { server } = await startTestServer();
    const echo = bot(server.url, '--new-key', '--echo', '--count', '2', '--json');
    const [, key = ''] = await echo.printed(/"key":"([^"]+)"/);
    const sayer = bot(server.url, '--key', key, '--say', 'hello', '--count', '2', '--json');
    expect(await sayer.exited()).toBe(0);
    expect(await echo.exited()).toBe(0);
    const [ready, ...rest] = events(sayer);
    expect(ready).toMatchObject({ event: 'ready', id: expect.any(String) });
    expect(rest.filter(({ event }) => event !== 'state')).toEqual([
      { event: 'paired', peerId: events(echo)[0]?.id, initiator: true },
      { event: 'open' },
      { event: 'message', text: 'hello' },
      { event: 'message', text: 'hello' },
    ]);
    expect(events(echo).map(({ event }) => event)).toContain('peer_disconnected');
  });

  it('ends with status 1 and says what is missing when nobody answers in time', async () => {
    const { server } = await startTestServer();
    await expectTimeout('not everything was answered', async (timeout) => {
      const mute = bot(server.url, '--new-key', '--json');
      const [, key = ''] = await mute.printed(/"key":"([^"]+)"/);
      return bot(server.url, '--key', key, '--say', 'anybody?', ...timeout);
    });
  });

  it('ends, and its process with it, in the middle of a negotiation', async () => {
    const { server, connect } = await startTestServer();
    await expectTimeout('no open channel (offering)', async (timeout) =>
      bot(server.url, '--id', (await connect()).id, ...timeout),
    );
  });

  it('ends with status 1 when nobody pairs with it in time', async () => {
    const { server } = await startTestServer();
    await expectTimeout('no open channel (unpaired)', async (timeout) =>
      bot(server.url, '--new-key', '--say', 'hello', ...timeout),
    );
  });

  it("ends with status 1 and the server's words when it cannot pair", async () => {
    const { server } = await startTestServer();
    const run = bot(server.url, '--key', 'AAAA-BBBB-CCCC', '--json');
    expect(await run.exited()).toBe(1);
    expect(run.stderr).toBe('pairlane bot: Key not found\n');
    expect(events(run)).toContainEqual({ event: 'error', code: 'key_not_found', message: 'Key not found' });
  });

  it('says also as JSON why it cannot reach the server', async () => {
    const run = bot('ws://127.0.0.1:1/', '--key', 'AAAA-BBBB-CCCC', '--json');
    expect(await run.exited()).toBe(1);
    const message =
      'ws://127.0.0.1:1/: The signaling server cannot be reached. Is it running, and is the URL right? (ECONNREFUSED)';
    expect(run.stderr).toBe(`pairlane bot: ${message}\n`);
    expect(events(run)).toEqual([{ event: 'error', code: 'signaling_failed', message }]);
  });

  it('ends with status 0 on SIGTERM', async () => {
    const { server } = await startTestServer();
    const run = bot(server.url, '--echo');
    await run.printed(/ready/);
    run.child.kill('SIGTERM');
    expect(await run.exited()).toBe(0);
  });

  it.each([
    ['bot', '--key and --id', ['--key', 'x', '--id', 'y']],
    ['bot', '--key and --new-key', ['--key', 'x', '--new-key']],
    ['bot', '--forever and --count', ['--forever', '--count', '2']],
    ['bot', '--ice-server and --no-ice', ['--ice-server', 'stun:x', '--no-ice']],
    ['chat', '--room and --new-key', ['--room', 'lobby', '--new-key']],
    ['agent', '--ice-server and --no-ice', ['--ice-server', 'stun:x', '--no-ice']],
    ['bots', '--ice-server and --no-ice', ['--ice-server', 'stun:x', '--no-ice']],
    ['conform', '--client and --walks', ['--client', 'x', '--walks', '2']],
    ['replay', '--print and --as-test', ['x.jsonl', '--print', '--as-test']],
  ])('pairlane %s takes one of %s', async (command, names, args) => {
    const run = pairlane([command, ...args]);
    expect(await run.exited()).toBe(2);
    expect(run.stderr).toContain(`pairlane ${command}: ${names}: give one of them\n`);
  });

  it('reads its options from the environment too', async () => {
    const { server } = await startTestServer();
    const run = pairlane(['bot', '--new-key'], {
      PAIRLANE_URL: server.url,
      PAIRLANE_ICE: 'false',
      PAIRLANE_JSON: '1',
    });
    await run.printed(/"event":"ready"/);
  });
});

describe('pairlane demo', () => {
  it('prints each step with its time, their sum, and ends by itself with status 0', async () => {
    const run = pairlane(['demo']);
    expect(await run.exited()).toBe(0);
    const steps = run.stdout.trimEnd().split('\n');
    expect(steps).toHaveLength(11);
    for (const step of steps.slice(0, -1)) expect(step).toMatch(/^ +\d+ ms {2}\S/);
    const sum = steps.slice(0, -1).reduce((all, step) => all + Number.parseInt(step, 10), 0);

    expect(run.stdout).toContain('Bob says something: "Hello Alice!"');
    expect(steps.at(-1)).toBe(`All of it took ${sum} ms.`);
  });
});
