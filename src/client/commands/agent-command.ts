/** `pairlane agent`: a headless player in a game room, over socket.io-client and werift. */
import type { Socket } from 'socket.io-client';
import { CommandError, defineCommand } from '../../common/command.ts';
import { urlFormat } from '../../common/option-formats.ts';
import type { OptionTable, OptionValues } from '../../common/option-table.ts';
import { untilStopped } from '../../common/stop-signal.ts';
import { DEFAULT_PORT, isRecord, type RoomId } from '../../protocol/index.ts';
import type { IceServer, PairlaneError } from '../index.ts';
import { MAX_QUOTED_WORDS } from '../peer/errors.ts';
import { isRoomId } from '../rooms/game-socket.ts';
import type { WebRTCManager, WebRTCManagerOptions } from '../rooms/index.ts';
import { type Tell, tellJson, tellPeople } from './event-output.ts';
import { iceAlternatives, peerOptions } from './peer-command-options.ts';

const agentOptions = {
  url: {
    kind: 'text',
    value: 'URL',
    default: `http://127.0.0.1:${DEFAULT_PORT}/`,
    format: urlFormat(['http:', 'https:', 'ws:', 'wss:'], 'http://HOST:PORT/ or ws://HOST:PORT/'),
    help: "The server's URL: http://, as for Socket.IO clients, or ws://, as for the other commands.",
  },
  game: { kind: 'text', value: 'ID', isFlagOnly: true, help: 'The game to join.' },
  player: { kind: 'text', value: 'ID', isFlagOnly: true, help: 'The id of the player to join as.' },
  echo: {
    kind: 'switch',
    isFlagOnly: true,
    help: 'Send every message back to the player that it came from.',
  },
  iceServer: peerOptions.iceServer,
  ice: peerOptions.ice,
  iceHostAddress: peerOptions.iceHostAddress,
  json: { kind: 'switch', help: 'Print one JSON object per line for each event.' },
} as const satisfies OptionTable;

type AgentOptions = OptionValues<typeof agentOptions>;

export const agentCommand = defineCommand({
  name: 'agent',
  about: 'Run a headless player in a game room.',
  details:
    'Run a headless player: it joins a game on a server that was started with --rooms, and connects to every other\n' +
    'player that is in the game or joins later. It comes back if it loses the server. Ctrl+C ends it.',
  options: agentOptions,
  alternatives: [iceAlternatives],
  examples: [['pairlane agent --game 1 --player bob --echo', 'joins game 1 of a server with --rooms']],
  run: agent,
});

/** How long to wait for the server's answer to `join_game`. */
const JOIN_TIMEOUT_MS = 10_000;
/** How long to wait for its answer to `leave_game`. */
const LEAVE_TIMEOUT_MS = 1_000;
/** Until the server notices that our last socket is gone, our own player is still taken. */
const REJOIN_DELAY_MS = 1_000;

type Joined = { players: RoomId[]; ice_servers?: IceServer[] };
type JoinAnswer = Joined | { players?: undefined; error: string; code?: string };

async function agent(options: AgentOptions): Promise<number> {
  const { url, game, player } = options;
  if (game === undefined || player === undefined) {
    throw new CommandError('give the game and the player: --game ID --player ID', 2);
  }
  const tell = options.json ? tellJson : tellPeople;
  const { origin, pathname } = new URL(url);
  const path = `${pathname.replace(/\/$/, '')}/socket.io`;
  const [{ io }, { WebRTCManager: Manager }] = await Promise.all([
    import('socket.io-client'),
    import('../rooms/index.ts'),
  ]);
  const socket = io(origin, { path, transports: ['websocket', 'polling'], forceNew: true });
  let manager: WebRTCManager | undefined;
  let stopFollowing = () => {};
  /** Ends the agent. */
  let leave: (why: Error) => void = () => {};
  const flooded = new Promise<never>((_resolve, reject) => {
    leave = ({ message }) => reject(new CommandError(message));
  });
  flooded.catch(() => {});
  try {
    const joined = await firstJoin(socket, url, game, player);
    manager = createManager(Manager, socket, options, game, player, joined.ice_servers, tell, leave);
    stopFollowing = follow(socket, manager, game, player, tell);
    const stopped = Promise.race([untilStopped(), flooded]);
    tell('joined', { game, player, players: joined.players });
    for (const peer of joined.players) manager.connectToPeer(peer);
    await stopped;
    return 0;
  } finally {
    stopFollowing();
    // Sent before the connections are closed: for the other players, a lost socket alone is no reason to close theirs.
    if (manager && socket.connected) {
      await socket
        .timeout(LEAVE_TIMEOUT_MS)
        .emitWithAck('leave_game')
        .catch(() => {});
    }
    await manager?.close();
    socket.disconnect();
  }
}

async function firstJoin(socket: Socket, url: string, game: string, player: string): Promise<Joined> {
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('connect_error', (error) => {
      reject(new CommandError(`${url}: ${error.message}. Does a server with --rooms run there?`));
    });
  });
  const answer = await join(socket, game, player);
  if (!answer.players) throw new CommandError(`cannot join: ${answer.error}`);
  return answer;
}

async function join(socket: Socket, game: string, player: string): Promise<JoinAnswer> {
  const request = { game_id: game, player_id: player };
  const answer: unknown = await socket
    .timeout(JOIN_TIMEOUT_MS)
    .emitWithAck('join_game', request)
    .catch(() => ({ error: 'the server did not answer' }));
  return joinAnswerIn(answer);
}

/** The server may be any: of its answer, only what fits is taken. Its ICE servers are checked by the manager. */
function joinAnswerIn(answer: unknown): JoinAnswer {
  const { players, ice_servers, error, code } = isRecord(answer) ? answer : {};
  if (Array.isArray(players) && players.every(isRoomId))
    return { players, ...(ice_servers !== undefined && { ice_servers: ice_servers as IceServer[] }) };
  if (typeof error !== 'string') return { error: 'the server gave no answer' };
  return {
    error: error.slice(0, MAX_QUOTED_WORDS),
    ...(typeof code === 'string' && { code: code.slice(0, MAX_QUOTED_WORDS) }),
  };
}

function createManager(
  Manager: typeof WebRTCManager,
  socket: Socket,
  options: AgentOptions,
  game: string,
  player: string,
  fromServer: readonly IceServer[] | undefined,
  tell: Tell,
  flooded: (error: PairlaneError) => void,
): WebRTCManager {
  const { ice, iceServer, iceHostAddress, echo } = options;
  const iceServers = ice ? (iceServer?.map((urls) => ({ urls })) ?? fromServer) : [];
  const managerOptions: WebRTCManagerOptions = {
    ...(iceServers && { iceServers }),
    ...(iceHostAddress && { iceAdditionalHostAddresses: iceHostAddress }),
    logger: false,
    onDataChannelOpen: (peer) => tell('open', { player: peer }),
    onDataChannelClose: (peer) => tell('close', { player: peer }),
    onConnectionFailed(peer, error) {
      const { code, message } = error;
      tell('failed', { player: peer, code, message });
      if (code === 'server_flooding') flooded(error);
    },
    onDataChannelMessage(data, peer) {
      tell('message', {
        player: peer,
        text: typeof data === 'string' ? data : `[${data.byteLength} bytes]`,
      });
      if (!echo) return;
      try {
        manager.send(data, peer);
      } catch (error) {
        // A player may send more than can be sent back.
        const { code, message } = error as PairlaneError;
        tell('error', { player: peer, code, message });
      }
    },
  };
  let manager: WebRTCManager;
  try {
    manager = new Manager(socket, game, player, managerOptions);
  } catch (error) {
    // Our own options were checked before: it is the server's ICE servers.
    throw new CommandError((error as PairlaneError).message);
  }
  return manager;
}

/**
 * Connects to every player that joins, and joins again after the link was lost.
 * @returns a function that stops it
 */
function follow(
  socket: Socket,
  manager: WebRTCManager,
  game: string,
  player: string,
  tell: Tell,
): () => void {
  let retry: NodeJS.Timeout | undefined;
  socket.on('player_joined', (said: unknown) => {
    const player = isRecord(said) ? said.player_id : undefined;
    if (!isRoomId(player)) return;
    tell('player_joined', { player });
    manager.connectToPeer(player);
  });
  socket.on('player_left', (said: unknown) => {
    const { player_id: player, reason } = isRecord(said) ? said : {};
    if (!isRoomId(player)) return;
    tell('player_left', {
      player,
      reason: typeof reason === 'string' ? reason.slice(0, MAX_QUOTED_WORDS) : 'unknown',
    });
  });
  socket.on('disconnect', (reason) => {
    tell('offline', { reason });
    // Socket.IO reconnects by itself, unless the server ended the connection.
    if (reason === 'io server disconnect') retry = setTimeout(() => socket.connect(), REJOIN_DELAY_MS);
  });
  const rejoin = async () => {
    const answer = await join(socket, game, player);
    if (answer.players) {
      tell('joined', { game, player, players: answer.players });
      for (const peer of answer.players) manager.connectToPeer(peer);
    } else if (socket.connected) {
      tell('error', { code: answer.code, message: answer.error });
      retry = setTimeout(() => socket.connected && rejoin(), REJOIN_DELAY_MS);
    }
  };
  socket.on('connect', rejoin);
  return () => {
    clearTimeout(retry);
    for (const event of ['player_joined', 'player_left', 'disconnect', 'connect']) socket.off(event);
  };
}
