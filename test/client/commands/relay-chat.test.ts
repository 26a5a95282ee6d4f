import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { RelayChatEvent } from '../../../src/client/relay-chat/relay-chat-client.ts';
import { describeEvent, describeWho, readInput } from '../../../src/client/relay-chat/relay-chat-lines.ts';
import { encodeRelayMessage, statusCodes } from '../../../src/protocol/relay-chat/index.ts';
import { RelayNetwork } from '../../support/relay/relay-network.ts';
import { raw } from '../../support/relay/relay-raw-host.ts';
import { pairlane } from '../../support/servers/cli-process.ts';

let network: RelayNetwork;
beforeEach(() => {
  network = new RelayNetwork();
});
afterEach(() => network.end());

const at = (server: number) => ['--connect', `127.0.0.1:${network.portOf(server)}`];

describe('pairlane relay-chat', () => {
  it('shows who is there and what they write, sends texts, and says goodbye', async () => {
    await network.addTree([[1], [2, 1]]);
    const ada = await network.join(1, 100, 'Ada', 'admires engines');
    const run = pairlane(['relay-chat', ...at(2), '--name', 'Bob', '--id', '101', '--info', 'builds']);
    await run.printed(/\* Welcome to the Clemson Relay Chat network Bob \(your id is 101\)/);
    await run.printed(/\+ Ada \(100\): admires engines/);
    expect(await ada.next('client')).toMatchObject({ source: 101, name: 'Bob', info: 'builds' });
    run.child.stdin.write('/msg 100 hello there\n/who\n/msg 999 anybody\nno command\n');
    expect(await ada.next('chat')).toMatchObject({ source: 101, destination: 100, text: 'hello there' });
    await run.printed(/ {2}Bob \(101\), you\n {2}Ada \(100\): admires engines\n/);
    await run.printed(/! Unknown ID 999/);
    await run.printed(/To whom\?/);
    ada.send(raw.chat(100, 101, 'grüße'));
    await run.printed(/Ada \(100\) > grüße/);
    ada.send(raw.clientQuit(100, 'tea time'));
    await run.printed(/- Ada \(100\): tea time/);
    const eve = await network.join(1, 102);
    run.child.stdin.write('/quit good night\n');
    expect(await eve.next('client_quit')).toMatchObject({ source: 101, text: 'good night' });
    expect(await run.exited()).toBe(0);
  });

  it('with --json writes one object a line', async () => {
    await network.add(1);
    const ada = await network.join(1, 100, 'Ada');
    const run = pairlane(['relay-chat', ...at(1), '--name', 'Bob', '--id', '101', '--json']);
    await run.printed(/joined/);
    ada.send(raw.chat(100, 101, 'one\nline'));
    await run.printed(/"chat"/);
    run.child.stdin.write('/who\n/msg x y\n/msg 7 z\n');
    await run.printed(/"status"/);
    run.child.stdin.end();
    expect(await run.exited()).toBe(0);
    const other = { id: 100, name: 'Ada', info: '' };
    const welcome = 'Welcome to the Clemson Relay Chat network Bob';
    expect(
      run.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual([
      { type: 'registered', id: 101, text: welcome },
      { type: 'joined', ...other },
      { type: 'chat', from: 100, name: 'Ada', text: 'one\nline' },
      { type: 'who', others: [other] },
      { type: 'mistake', text: 'Write /msg ID TEXT, with an id that /who shows.' },
      { type: 'status', from: 1, code: 1, text: 'Unknown ID 7' },
      { type: 'closed' },
    ]);
    await ada.next('client_quit');
  });

  it('sends what was piped in before it was welcome, then quits', async () => {
    await network.add(1);
    const ada = await network.join(1, 100);
    const run = pairlane(['relay-chat', ...at(1), '--name', 'Bob']);
    run.child.stdin.end('/msg 100 from a pipe\n');
    expect(await ada.next('chat')).toMatchObject({ text: 'from a pipe' });
    expect(await run.exited()).toBe(0);
  });

  it('ends with 1 and the words of the server when its id is in use, and when the server is lost', async () => {
    await network.add(1);
    await network.join(1, 100);
    const refused = pairlane(['relay-chat', ...at(1), '--name', 'Bob', '--id', '100']);
    expect(await refused.exited()).toBe(1);
    expect(refused.stdout).toBe('! Someone has already registered with ID 100\n');
    const lost = pairlane(['relay-chat', ...at(1), '--name', 'Bob']);
    await lost.printed(/Welcome/);
    await network.kill(1);
    expect(await lost.exited()).toBe(1);
    expect(lost.stdout).toContain('! the');
  });

  it('says what is wrong with its options, or that nobody is there', async () => {
    const wrong = pairlane(['relay-chat', '--connect', 'nowhere', '--id', '0']);
    expect(await wrong.exited()).toBe(2);
    expect(wrong.stderr).toContain('--id: should be a whole number from 1 to 4294967295');
    await network.add(1);
    await network.kill(1);
    const nobody = pairlane(['relay-chat', ...at(1), '--name', 'Bob']);
    expect(await nobody.exited()).toBe(1);
    expect(nobody.stderr).toMatch(
      /^pairlane relay-chat: cannot reach 127\.0\.0\.1:\d+: .*Is a relay server there\?/,
    );
  });
});

describe('what people type', () => {
  it.each([
    ['', { type: 'nothing' }],
    ['/who', { type: 'who' }],
    ['/help', { type: 'help' }],
    ['/msg 42 two  spaces ', { type: 'message', to: 42, text: 'two  spaces ' }],
    ['/msg 4294967295 x', { type: 'message', to: 4_294_967_295, text: 'x' }],
    ['/quit', { type: 'quit', text: '' }],
    ['/quit see you', { type: 'quit', text: 'see you' }],
    ['/msg 4294967296 x', { type: 'mistake' }],
    ['/msg 0 x', { type: 'mistake' }],
    ['/msg 42', { type: 'mistake' }],
    ['/nick me', { type: 'mistake' }],
    ['hello', { type: 'mistake' }],
  ])('%j is read as %j', (line, input) => {
    expect(readInput(line)).toMatchObject(input);
  });
});

describe('what others write', () => {
  it('cannot move the cursor, fake a line or turn the text around', () => {
    const nasty = 'a\x1b[2J\r\n+ fake\u202e\u0000';
    const events: RelayChatEvent[] = [
      { type: 'chat', from: 1, name: nasty, text: nasty },
      { type: 'joined', id: 1, name: nasty, info: nasty },
      { type: 'left', id: 1, name: nasty, text: nasty },
      { type: 'status', from: 1, code: 1, text: nasty },
    ];
    const lines = [
      ...events.map(describeEvent),
      ...describeWho({
        identity: { id: 1, name: 'me', info: '' },
        others: new Map([[2, { id: 2, name: nasty, info: nasty }]]),
      }),
    ];
    for (const line of lines) expect(line).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });
});

describe('pairlane relay-chat at a server that is none of ours', () => {
  const ME = 101;
  const status = (destinationId: number, code: number, content: string) =>
    encodeRelayMessage({ type: 'status', sourceId: 1, destinationId, code, content });

  /** @returns the client and the server's end of its connection, once it has registered */
  async function joined(act: (socket: Socket) => void) {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('error', () => {});
      socket.once('data', () => act(socket));
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    server.unref();
    return pairlane(['relay-chat', '--connect', `127.0.0.1:${port}`, '--name', 'Bob', '--id', `${ME}`]);
  }

  it('ends when it is refused, though the server keeps the connection and goes on', async () => {
    const run = await joined((socket) => socket.write(Buffer.concat(Array(3).fill(status(0, 1, 'no')))));
    expect(await run.exited()).toBe(1);
    expect(run.stdout).toBe('! no\n');
  });

  it('has the server wait while nobody reads what it says, and does not keep it', async () => {
    const line = encodeRelayMessage({
      ...{ type: 'client_chat', sourceId: 5, destinationId: ME },
      content: 'x'.repeat(60_000),
    });
    const run = await joined(async (socket) => {
      socket.write(status(ME, statusCodes.welcome, 'hello'));
      for (let n = 0; n < 4_000; n += 1) if (!socket.write(line)) await once(socket, 'drain');
      socket.write(status(ME, 1, 'that was all'));
    });
    // The others are not kept by the test either.
    run.child.stdout.on('data', () => {
      run.stdout = run.stdout.slice(-100);
    });
    await run.printed(/that was all/);
    const { pid } = run.child;
    const [, peakKib] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    expect(Number(peakKib) / 1024).toBeLessThan(300);
    run.child.kill('SIGINT');
    expect(await run.exited()).toBe(0);
  });
});
