/** `pairlane agent` as its user runs it. Its game with a page is in test/e2e/rooms.test.ts. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Server, type Socket } from 'socket.io';
import { nodePlatform } from '../../../src/client/index.ts';
import type { DataChannel } from '../../../src/client/rtc/types.ts';
import { RoomClient } from '../../support/clients/room-client.ts';
import { Agent } from '../../support/peers/room-agents.ts';
import { pairlane } from '../../support/servers/cli-process.ts';
import { startTestServer } from '../../support/servers/test-server.ts';

const NO_ICE = ['--no-ice', '--ice-host-address', '127.0.0.1'];

afterEach(() => {
  jest.restoreAllMocks();
});

/** The data channels that players in this process make from now on; they send messages of any size. */
function channelsMade(): DataChannel[] {
  const channels: DataChannel[] = [];
  const { createConnection } = nodePlatform;
  jest.spyOn(nodePlatform, 'createConnection').mockImplementation((config) => {
    const rtc = createConnection(config);
    const createDataChannel = rtc.createDataChannel.bind(rtc);
    const setRemoteDescription = rtc.setRemoteDescription.bind(rtc);
    rtc.setRemoteDescription = ({ sdp, ...rest }) =>
      setRemoteDescription({
        ...rest,
        sdp: sdp.replace(/(a=max-message-size:)\d+/, (_line, name) => `${name}0`),
      });
    rtc.createDataChannel = (...made) => {
      const channel = createDataChannel(...made);
      channels.push(channel);
      return channel;
    };
    return rtc;
  });
  return channels;
}

describe('pairlane agent', () => {
  it.each([
    [[], 2, /--game ID --player ID/],
    [['--game', 'g'], 2, /--game ID --player ID/],
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

  it('is not ended by a player that says more than can be sent back', async () => {
    const { server } = await startTestServer({ rooms: true });
    const url = `http://127.0.0.1:${server.port}`;
    const args = ['agent', '--url', url, '--game', 'g', '--player', '2', '--echo', '--json', ...NO_ICE];
    const run = pairlane(args);
    await run.printed(/"event":"joined"/);
    const channels = channelsMade();
    const one = await Agent.join(url, 'g', 1);
    one.manager.connectToPeer(2);
    await one.until(() => one.manager.isReady(2), 'the channel');
    // By the channel itself, because the manager would refuse to. Again and again, because it may lose messages.
    const sending = setInterval(() => channels[0]?.send('x'.repeat(70_000)), 250);
    try {
      await run.printed(/"event":"error","player":1,"code":"too_large_to_send"/);
    } finally {
      clearInterval(sending);
    }
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

type Answer = (answer: unknown) => void;

/** A server of games that answers as the test says; closed after the test. */
async function hostileServer(
  joined: (answer: Answer, socket: Socket, times: number) => void,
): Promise<string> {
  const http = createServer();
  const server = new Server(http);
  let times = 0;
  server.on('connection', (socket) => {
    socket.on('join_game', (_fields, answer: Answer) => {
      times += 1;
      joined(answer, socket, times);
    });
    socket.on('leave_game', (answer: Answer) => answer({}));
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  closeLater.push(() => new Promise((resolve) => server.close(() => resolve())));
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
}

const closeLater: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closeLater.splice(0)) await close();
});

/** What no text can be made of. */
const NO_TEXT = { toString: 1, valueOf: 1 };

describe('pairlane agent at a server that is none of ours', () => {
  const agentAt = (url: string, ...more: string[]) =>
    pairlane(['agent', '--url', url, '--game', 'g', '--player', 'a', ...more, ...NO_ICE]);

  it.each([
    ['players that are no list', { players: 7 }, 'the server gave no answer'],
    ['players that are no ids', { players: [NO_TEXT] }, 'the server gave no answer'],
    ['a player with a long id', { players: ['x'.repeat(129)] }, 'the server gave no answer'],
    ['an error that is no text', { error: NO_TEXT }, 'the server gave no answer'],
    ['an endless error', { error: `no${'!'.repeat(1_000)}` }, `no${'!'.repeat(198)}`],
    ['nothing', undefined, 'the server gave no answer'],
  ])('ends in words when its answer has %s', async (_what, answer, problem) => {
    const run = agentAt(await hostileServer((reply) => reply(answer)));
    expect(await run.exited()).toBe(1);
    expect(run.stderr).toBe(`pairlane agent: cannot join: ${problem}\n`);
  });

  it('ends in words when its ICE servers are none', async () => {
    const url = await hostileServer((reply) => reply({ players: [], ice_servers: [7] }));
    const run = pairlane(['agent', '--url', url, '--game', 'g', '--player', 'a']);
    expect(await run.exited()).toBe(1);
    expect(run.stderr).toMatch(/^pairlane agent: .*`iceServers`[^\n]*\n$/);
  });

  it('goes on when it is told of players that are none, and when another answer has none', async () => {
    const sockets: Socket[] = [];
    const url = await hostileServer((reply, socket, times) => {
      sockets.push(socket);
      reply({ players: times === 2 ? 7 : [] });
    });
    const run = agentAt(url);
    await run.printed(/joined/);
    const [socket] = sockets;
    for (const said of [undefined, null, { player_id: NO_TEXT }]) {
      socket?.emit('player_joined', said);
      socket?.emit('player_left', said);
    }
    socket?.emit('player_left', { player_id: 'b', reason: NO_TEXT });
    await run.printed(/joined.*\nplayer_left {2}player: b {2}reason: unknown\n/);
    socket?.conn.close();
    await run.printed(/offline.*\nerror.*\njoined/);
    run.child.kill('SIGINT');
    expect(await run.exited()).toBe(0);
  });

  it('leaves one that names players without end', async () => {
    const url = await hostileServer((reply) =>
      reply({ players: Array.from({ length: 2_000 }, (_, n) => `b${n}`) }),
    );
    const run = agentAt(url);
    expect(await run.exited()).toBe(1);
    expect(run.stderr).toMatch(/^pairlane agent: The signaling server sent more than/);
  });
});
