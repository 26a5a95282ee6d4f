/**
 * Which players are in which games. A player is a session of the core, and two players that signal to each other are a
 * pairing of the core, in which the offer of the player with the lower id wins. Games are not the core's rooms: see
 * docs/architecture.md.
 */
import {
  type ErrorCode,
  isLowerPlayer,
  type PlayerLeftReason,
  type RoomRequestOf,
  roomIdKey,
} from '../../../protocol/index.ts';
import { AddressCount, shareOf } from '../../admission/address-limits.ts';
import { sessionIdOn } from '../../node-id.ts';
import type { ServerOptions } from '../../options.ts';
import type { IceServer } from '../../signaling/ice-servers.ts';
import type { Seat } from '../../signaling/seat.ts';
import type { Signaling } from '../../signaling/signaling.ts';
import { FROM } from '../../telemetry/logger.ts';
import type { Telemetry } from '../../telemetry/telemetry.ts';
import type { Chaos } from '../chaos.ts';
import { asSignal } from './as-signal.ts';
import type { RoomRequest } from './decode-room-request.ts';
import { type Game, Player, type PlayerDeps } from './player.ts';
import { type Reply, refusePlayer } from './refuse-player.ts';
import type { RoomSocket } from './socket-server.ts';

export interface GamesDeps {
  readonly telemetry: Telemetry;
  readonly signaling: Signaling;
  /** The connection places of addresses; a session that waits for its client keeps its place. */
  readonly places: PlayerDeps['places'] & { isOver(address: string): boolean };
  readonly iceServersFor: (playerId: string) => IceServer[] | undefined;
  /** Left out: nothing is lost on purpose. */
  readonly chaos?: Chaos | undefined;
}

const RETURN = 'return';

const NONE = new Uint8Array(0);

/** Why a request is refused; undefined if it is not. */
type Refused = ErrorCode | undefined;

export class Games {
  readonly all = new Map<string, Game>();
  /** Each connection's player; undefined while it is in no game. */
  readonly #connected = new Map<RoomSocket, Player | undefined>();
  /** How many running games each address has started. */
  readonly #begunBy = new AddressCount();
  readonly #options: ServerOptions;
  readonly #deps: GamesDeps;
  readonly #playerDeps: PlayerDeps;

  constructor(options: ServerOptions, deps: GamesDeps) {
    this.#options = options;
    this.#deps = deps;
    const { signaling, places, telemetry } = deps;
    const { sessions, waiting, queue, directory } = signaling;
    this.#playerDeps = {
      isResumable: options.resumeGraceMs > 0,
      maxUnsentBytes: options.maxUnsentBytes,
      added: (bytes) => waiting.added(bytes),
      places,
      heard: (session) => sessions.heard(session, queue.now),
      refused: (player, refusal) =>
        refusePlayer(telemetry, { socket: player.socket, player, reply: player.reply }, refusal),
    };
    directory.watchSessions({
      ended: ({ client }, reason) => {
        // Nobody is told that players left when the whole server stops.
        if (client instanceof Player) this.#left(client, reason && 'disconnected');
      },
      moved() {},
    });
  }

  /** How many clients are in a game and how many are not, as metrics count them. */
  *states(): Iterable<{ readonly value: 'joined' | 'outside' }> {
    for (const { players } of this.all.values()) for (const _ of players) yield { value: 'joined' };
    for (const player of this.#connected.values()) if (!player) yield { value: 'outside' };
  }

  get connections(): number {
    return this.#connected.size;
  }

  opened(socket: RoomSocket): void {
    this.#connected.set(socket, undefined);
    if (!socket.claimsPlace) return;
    const timeoutMs = this.#options.firstMessageTimeoutMs || Number.POSITIVE_INFINITY;
    this.#deps.signaling.queue.arm(socket, RETURN, timeoutMs, () => void this.#hasToGo(socket));
  }

  has(socket: RoomSocket): boolean {
    return this.#connected.has(socket);
  }

  playerOf(socket: RoomSocket): Player | undefined {
    return this.#connected.get(socket);
  }

  /** @param size estimated, in bytes */
  handle(socket: RoomSocket, request: RoomRequest, size: number, reply: Reply | undefined): Refused {
    const player = this.playerOf(socket);
    switch (request.name) {
      case 'join_game':
        return this.#join(socket, player, request.fields, reply);
      case 'leave_game':
        return this.#leave(player, request.fields, reply);
      case 'webrtc_signal':
        return this.#signal(player, request.fields, size, reply);
    }
  }

  /**
   * The player who holds the requested place, and may have lost its network unnoticed. A player known to be offline is
   * not asked, nor is one whose token the request contains.
   */
  holderToAsk(socket: RoomSocket, request: RoomRequest): Player | undefined {
    if (request.name !== 'join_game' || this.playerOf(socket)) return undefined;
    const holder = this.#holderOf(request.fields);
    return holder?.isOnline && !isItsOwn(holder, request.fields) ? holder : undefined;
  }

  /** @param isGoodbye the client closed it on purpose, and will not come back */
  closed(socket: RoomSocket, isGoodbye: boolean): void {
    const player = this.#connected.get(socket);
    this.#connected.delete(socket);
    this.#deps.signaling.queue.timers.disarmAll(socket);
    // For a player that the server sent away and that may come back, everybody waits until the drain is over.
    if (!player?.session || player.isSentAway) return;
    const { session, isOnline } = player;
    const isOver = isGoodbye || player.token === undefined;
    if (isOver) player.isOnline = false;
    else player.waits();
    if (isOnline || isOver) this.#deps.signaling.sessions.disconnected(session, isOver);
  }

  #holderOf({ game_id: gameId, player_id: playerId }: RoomRequestOf<'join_game'>): Player | undefined {
    return this.all.get(roomIdKey(gameId))?.players.get(roomIdKey(playerId));
  }

  #join(
    socket: RoomSocket,
    player: Player | undefined,
    fields: RoomRequestOf<'join_game'>,
    reply: Reply | undefined,
  ): Refused {
    const holder = this.#holderOf(fields);
    // A client that does not know whether its first request arrived sends it again.
    if (player && player !== holder) return 'already_in_game';
    if (!player && holder && isItsOwn(holder, fields)) this.#comeBack(holder, socket);
    else if (!player) {
      if (this.#hasToGo(socket)) return undefined;
      const refused = holder ? 'player_taken' : this.#isFull(roomIdKey(fields.game_id), socket.address);
      if (refused) return refused;
      this.#enter(socket, fields);
    }
    const joined = this.playerOf(socket);
    if (!joined) return 'internal_error';
    if (fields.resume === true || fields.token !== undefined) joined.keepPlace();
    reply?.(this.#welcome(joined));
    joined.flush();
    return undefined;
  }

  /**
   * Closes a client that was let in above the limits because it comes back, and does not, if there are still too many.
   * Otherwise it is like any other from now on.
   */
  #hasToGo(socket: RoomSocket): boolean {
    const { places, telemetry } = this.#deps;
    const { claimsPlace } = socket;
    socket.claimsPlace = false;
    if (!claimsPlace || !places.isOver(socket.address)) return false;
    telemetry.metrics.refused.add('connections');
    telemetry.refusals.warn('connections', socket.address, 'Closed a player without a place to come back to');
    socket.close();
    return true;
  }

  #isFull(gameId: string, address: string): Refused {
    const { maxRooms, maxPlayersPerRoom } = this.#options;
    const game = this.all.get(gameId);
    if (game)
      return maxPlayersPerRoom > 0 && game.players.size >= maxPlayersPerRoom ? 'game_full' : undefined;
    const isFull =
      (maxRooms > 0 && this.all.size >= maxRooms) || this.#begunBy.of(address) >= shareOf(maxRooms);
    return isFull ? 'too_many_games' : undefined;
  }

  #enter(socket: RoomSocket, { game_id: shownGameId, player_id: shownId }: RoomRequestOf<'join_game'>): void {
    const { signaling, telemetry } = this.#deps;
    const game = this.#gameOf(roomIdKey(shownGameId), socket.address);
    const ids = { id: roomIdKey(shownId), shownId, shownGameId };
    const player = new Player(socket, game, ids, this.#playerDeps);
    const { id } = player;
    for (const other of game.players.values())
      other.tell('player_joined', { game_id: other.shownGameId, player_id: shownId });
    game.players.set(id, player);
    this.#connected.set(socket, player);
    player.session = signaling.sessions.open(sessionIdOn(this.#options.node), player);
    telemetry.log.info(
      { event: 'player_joined', id, session: player.session.id, game: game.id, [FROM]: socket.address },
      `Player ${id} joined game ${game.id}`,
    );
  }

  #gameOf(id: string, address: string): Game {
    const known = this.all.get(id);
    if (known) return known;
    const game: Game = { id, players: new Map(), makerAddress: address };
    this.all.set(id, game);
    this.#begunBy.add(address);
    return game;
  }

  /** The player keeps its place: its new socket replaces the old one, which is closed. */
  #comeBack(player: Player, socket: RoomSocket): void {
    socket.claimsPlace = false;
    const before = player.attach(socket);
    this.#connected.delete(before);
    this.#connected.set(socket, player);
    before.close();
    if (player.session) this.#deps.signaling.sessions.resumed(player.session);
  }

  #welcome({ within, id, token }: Player) {
    const iceServers = this.#deps.iceServersFor(id);
    return {
      players: [...within.players.values()].map(({ shownId }) => shownId),
      ...(iceServers && { ice_servers: iceServers }),
      ...(token !== undefined && { token }),
    };
  }

  #leave(
    player: Player | undefined,
    { game_id: gameId }: RoomRequestOf<'leave_game'>,
    reply: Reply | undefined,
  ): Refused {
    if (!player?.session || (gameId !== undefined && roomIdKey(gameId) !== player.game)) return 'not_in_game';
    const { pairings, sessions } = this.#deps.signaling;
    for (const { pairing, side } of player.session.seats)
      if (pairing) pairings.lose(pairing, side, 'unpaired');
    this.#left(player, 'left');
    sessions.disconnected(player.session, true);
    reply?.({});
    return undefined;
  }

  /** @param reason undefined: nobody is told */
  #left(player: Player, reason: PlayerLeftReason | undefined): void {
    const { id, within, socket, shownId } = player;
    if (within.players.get(id) !== player) return;
    within.players.delete(id);
    if (within.players.size === 0) {
      this.all.delete(within.id);
      this.#begunBy.remove(within.makerAddress);
    }
    if (this.#connected.get(socket) === player) this.#connected.set(socket, undefined);
    this.#deps.telemetry.log.info(
      { event: 'player_left', id, game: within.id, reason, [FROM]: socket.address },
      `Player ${id} left game ${within.id}`,
    );
    if (reason === undefined) return;
    for (const other of within.players.values())
      other.tell('player_left', { game_id: other.shownGameId, player_id: shownId, reason });
  }

  #signal(
    player: Player | undefined,
    { game_id: gameId, target_player_id: targetId, type, payload }: RoomRequestOf<'webrtc_signal'>,
    size: number,
    reply: Reply | undefined,
  ): Refused {
    const game = this.all.get(roomIdKey(gameId));
    if (!game) return 'game_not_found';
    if (player?.within !== game) return 'not_in_game';
    const to = game.players.get(roomIdKey(targetId));
    if (to === player) return 'self_signal';
    if (!to) return 'player_not_found';
    const { pairing, side } = this.#seatFor(player, to) ?? {};
    if (!pairing || !side) return 'internal_error';
    const signal = asSignal({ type, from_player_id: player.shownId, payload }, size);
    const { chaos, signaling } = this.#deps;
    if (chaos) {
      // Nobody is told what becomes of a delayed signal.
      const kind = type === 'ice-candidate' ? 'candidate' : type;
      chaos.pass(kind, NONE, () => {
        if (!pairing.isDone) signaling.pairings.signal(pairing, side, signal);
      });
      return undefined;
    }
    player.reply = reply;
    signaling.pairings.signal(pairing, side, signal);
    player.reply = undefined;
    return undefined;
  }

  /** The player's seat in the pairing with the other one; their first signal creates the pairing. */
  #seatFor(player: Player, to: Player): Seat | undefined {
    if (!player.session || !to.session) return undefined;
    const known = seatWith(player, to);
    if (known) return known;
    const [lower, higher] = isLowerPlayer(player.id, to.id) ? [player, to] : [to, player];
    if (lower.session && higher.session) this.#deps.signaling.pair(lower.session, higher.session);
    return seatWith(player, to);
  }
}

function seatWith({ session }: Player, to: Player): Seat | undefined {
  const peerId = to.session?.id;
  return session?.seats.find(({ peer }) => peer?.id === peerId);
}

/** Whether the request contains the token of that place. */
function isItsOwn(holder: Player, { token }: RoomRequestOf<'join_game'>): boolean {
  return token !== undefined && holder.isToken(token);
}
