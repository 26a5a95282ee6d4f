/** `pairlane agent` as its user runs it. Its game with a page is in test/e2e/rooms.test.ts. */
import { describe, expect, it } from '@jest/globals';
import { RoomClient } from '../../support/clients/room-client.ts';
import { Agent } from '../../support/peers/room-agents.ts';
import { pairlane } from '../../support/servers/cli-process.ts';
import { startTestServer } from '../../support/servers/test-server.ts';

const NO_ICE = ['--no-ice', '--ice-host-address', '127.0.0.1'];

describe('pairlane agent', () => {
  it.each([
    [[], 2, /--game ID --player ID/],
    [['--game', 'g'], 2, /--game ID --player ID/],
    [['--game', 'g', '--player', '1', '--url', 'ftp://x/'], 2, /--url should look like http/],
    [
      ['--game', 'g', '--player', '1', '--url', 'http://127.0.0.1:1/'],
      1,
      /Does a server with --rooms run there/,
    ],
  ])('ends with %p by status %p and says how to mend it', async (args, status, message) => {
    const run = pairlane(['agent', ...args]);
    expect(await run.exited()).toBe(status);
    expect(run.stderr).toMatch(message);
  });

  it('says which player it cannot be', async () => {
    const { server } = await startTestServer({ rooms: true });
    const url = `http://127.0.0.1:${server.port}`;
    const taken = await RoomClient.connect(url);
    await taken.join('g', 1);
    const run = pairlane(['agent', '--url', url, '--game', 'g', '--player', '1']);
    expect(await run.exited()).toBe(1);
    expect(run.stderr).toMatch(/cannot join: That player is already in the game/);
  });

  it.each(['http', 'ws'])('finds its server by PAIRLANE_URL, as %s://', async (scheme) => {
    const { server } = await startTestServer({ rooms: true });
    const args = ['agent', '--game', 'g', '--player', '1', '--json', ...NO_ICE];
    const run = pairlane(args, { PAIRLANE_URL: `${scheme}://127.0.0.1:${server.port}/` });
    await run.printed(/"event":"joined"/);
    run.child.kill('SIGINT');
    expect(await run.exited()).toBe(0);
  });

  it('joins again when the server was restarted, and keeps its connection meanwhile', async () => {
    const { server } = await startTestServer({ rooms: true });
    const url = `http://127.0.0.1:${server.port}`;
    const one = await Agent.join(url, 'g', 1);
    const run = pairlane([
      'agent',
      '--url',
      url,
      '--game',
      'g',
      '--player',
      '2',
      '--json',
      '--echo',
      ...NO_ICE,
    ]);
    await run.printed(/"event":"joined"/);
    one.manager.connectToPeer(2);
    await one.until(() => one.manager.isReady(2), 'the channel');
    const { port } = server;
    await server.stop();
    await run.printed(/"event":"offline"/);
    await startTestServer({ rooms: true, port });
    await run.printed(/"event":"joined".*\n(.*\n)*.*"event":"joined"/);
    expect(one.closed).toEqual([]);
    one.manager.send('still there?');
    await one.until(() => one.messages.length > 0, 'the echo');
    run.child.kill('SIGINT');
    expect(await run.exited()).toBe(0);
  });
});
