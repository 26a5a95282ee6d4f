/**
 * Game rooms: the `webrtc_signal` dialect on the same machines as the native protocol. What a client emits takes the
 * same way: rate, size, schema, a machine's event, its step, effects.
 */
import {
  MachineHost,
  type PlaceInGame,
  playerMachine,
  type SignalTarget,
  type StepQueue,
} from '../../../machines/index.ts';
import { type RoomRequestOf, roomIdKey } from '../../../protocol/index.ts';
import { AddressCount, shareOf } from '../../admission/address-limits.ts';
import type { Admission } from '../../admission/admission.ts';
import type { App } from '../../http/shell/shell.ts';
import { type ServedFile, serveFiles } from '../../http/static-files.ts';
import type { ServerOptions } from '../../options.ts';
import type { IceServer } from '../../signaling/ice-servers.ts';
import type { PairingEpochs } from '../../signaling/pairing-epochs.ts';
import type { Signaling } from '../../signaling/signaling.ts';
import type { Telemetry } from '../../telemetry/telemetry.ts';
import { decodeRoomRequest, measure, type RoomRequest } from './decode-room-request.ts';
import type { KeptPlace } from './kept-place.ts';
import { KeptPlaces, type KeptPlacesDeps } from './kept-places.ts';
import { playerEffects } from './player-effects.ts';
import { refusePlayer } from './refuse-player.ts';
import {
  Player,
  type Reply,
  type Room,
  type RoomPairing,
  type RoomPairingHost,
  type RoomPlayerEvent,
  type RoomPlayerHost,
} from './room.ts';
import { RoomPairings } from './room-pairings.ts';
import { type RoomSocket, type RoomSocketHandlers, serveSocketIo } from './socket-server.ts';

/** What the rooms share with the rest of the server. */
export interface RoomsDeps {
  readonly telemetry: Telemetry;
  readonly signaling: Signaling;
  /** The places that clients take, here or waited for. */
  readonly places: KeptPlacesDeps['places'];
  readonly epochs: PairingEpochs;
  readonly iceServersFor: (playerId: string) => IceServer[] | undefined;
}

const FILES: readonly ServedFile[] = [
  {
    path: '/webrtc-manager.js',
    file: 'browser/webrtc-manager.js',
    type: 'text/javascript; charset=utf-8',
    isShared: true,
  },
  { path: '/examples/pong/', file: 'examples/pong/index.html', type: 'text/html; charset=utf-8' },
  { path: '/examples/pong/pong.css', file: 'examples/pong/pong.css', type: 'text/css; charset=utf-8' },
  ...['pong', 'game', 'link-meter'].map(
    (name): ServedFile => ({
      path: `/examples/pong/${name}.js`,
      file: `examples/pong/${name}.js`,
      type: 'text/javascript; charset=utf-8',
    }),
  ),
];

export class Rooms implements RoomSocketHandlers {
  readonly rooms = new Map<string, Room>();
  readonly #begunBy = new AddressCount();
  readonly players = new Map<RoomSocket, Player>();
  readonly pairings: ReadonlySet<RoomPairing>;
  readonly playerHost: RoomPlayerHost;
  readonly pairingHost: RoomPairingHost;
  readonly #options: ServerOptions;
  readonly #deps: RoomsDeps;
  readonly #queue: StepQueue;
  readonly #places: KeptPlaces;
  readonly #stops: (() => Promise<void>)[] = [];

  constructor(options: ServerOptions, deps: RoomsDeps) {
    this.#options = options;
    this.#deps = deps;
    const { telemetry, signaling, places, epochs, iceServersFor } = deps;
    const { queue } = signaling;
    this.#queue = queue;
    const pairings = new RoomPairings(telemetry, queue, epochs);
    this.pairings = pairings.all;
    this.#places = new KeptPlaces(options, { signaling, places, over: (player) => this.#over(player) });
    this.pairingHost = pairings.host;
    this.playerHost = new MachineHost(playerMachine, {
      queue,
      executors: playerEffects({
        telemetry,
        rooms: this.rooms,
        begunBy: this.#begunBy,
        pairings,
        places: this.#places,
        iceServersFor,
      }),
      onError: (player, error, effect) => this.#fail(player, error, effect),
    });
  }

  addRoutes(app: App, admission: Admission): void {
    const { origins } = admission;
    serveFiles(app, FILES, { corsHeaders: (origin, host) => origins.corsHeaders(origin, host) });
    this.#stops.push(serveSocketIo(app, this.#options, admission, this));
  }

  /** Ends every socket. Nobody is told that a player left when the whole server leaves. */
  async stop(): Promise<void> {
    await Promise.all(this.#stops.map((stop) => stop()));
  }

  refused(kind: string): void {
    this.#deps.telemetry.metrics.refused.add(kind);
  }

  get packetLimits() {
    const { telemetry, signaling } = this.#deps;
    const { metrics, refusals } = telemetry;
    return {
      waiting: signaling.waiting,
      now: () => this.#queue.now,
      refusals,
      refused: (kind: string) => this.refused(kind),
      sent: (bytes: number) => {
        metrics.bytesSent += bytes;
      },
    };
  }

  opened(socket: RoomSocket): void {
    const player = new Player(socket, this.#queue.now);
    this.players.set(socket, player);
    this.playerHost.start(player, undefined);
  }

  requested(socket: RoomSocket, name: string, fields: unknown, reply: Reply | undefined): void {
    const { telemetry } = this.#deps;
    const { metrics } = telemetry;
    const player = this.players.get(socket);
    if (!player) return;
    // What throws inside a handler of Socket.IO would end the process, and everybody's session with it.
    try {
      const size = measure(fields);
      metrics.bytesReceived += size.bytes;
      if (!this.#isWithinRate(player, size.bytes, reply)) return;
      const decoded = decodeRoomRequest(name, fields, size, this.#options.maxMessageBytes);
      if ('refusal' in decoded) {
        refusePlayer(telemetry, player, reply, decoded.refusal);
        return;
      }
      metrics.received.add(decoded.request.name);
      this.#places.heard(player);
      if (this.#isForSlow(decoded.request, size.bytes)) {
        refusePlayer(telemetry, player, reply, { code: 'peer_slow' });
        return;
      }
      const back = this.#returning(player, decoded.request);
      if (back) this.#comeBack(back, player, decoded.request, reply);
      else if (this.#isHeldByAnother(player, decoded.request))
        void this.#joinAfter(this.#holderOf(decoded.request) as Player, player, decoded.request, reply);
      else
        this.playerHost.dispatch(player, { ...this.#eventFrom(player, decoded.request, size.bytes), reply });
    } catch (error) {
      this.#fail(player, error, 'requested');
    }
  }

  /** What a player does not read as fast as it is sent is the sender's matter. */
  #isForSlow(request: RoomRequest, bytes: number): boolean {
    if (request.name !== 'webrtc_signal') return false;
    const { game_id: gameId, target_player_id: targetId } = request.fields;
    const target = this.rooms.get(roomIdKey(gameId))?.players.get(roomIdKey(targetId));
    return target ? !target.hasRoomFor(bytes) : false;
  }

  /** The place that a player, whose socket is another now, shows to be its own. */
  #returning(player: Player, { name, fields }: RoomRequest): KeptPlace | undefined {
    if (name !== 'join_game' || fields.token === undefined || player.room !== undefined) return undefined;
    const place = this.#places.find(fields.token);
    const { id, room } = place?.player ?? {};
    const isIts = id === roomIdKey(fields.player_id) && room?.id === roomIdKey(fields.game_id);
    return isIts ? place : undefined;
  }

  /** Its place stands: whoever came on the new socket is that player, and the old socket is closed. */
  #comeBack(place: KeptPlace, arrived: Player, request: RoomRequest, reply: Reply | undefined): void {
    const { player } = place;
    const { socket } = arrived;
    this.playerHost.dispatch(arrived, { type: 'SOCKET_CLOSED' });
    const before = this.#places.resume(place, socket);
    this.players.delete(before);
    this.players.set(socket, player);
    before.close();
    this.playerHost.dispatch(player, { ...this.#eventFrom(player, request), reply });
  }

  /** Whether the place is another's, who may have lost its network; one that is known to come back is not asked. */
  #isHeldByAnother(player: Player, request: RoomRequest): boolean {
    const holder = this.#holderOf(request);
    return holder !== undefined && holder !== player && holder.isOnline && player.room === undefined;
  }

  /** Who has the place that is asked for. */
  #holderOf(request: RoomRequest): Player | undefined {
    if (request.name !== 'join_game') return undefined;
    const { game_id: gameId, player_id: playerId } = request.fields;
    return this.rooms.get(roomIdKey(gameId))?.players.get(roomIdKey(playerId));
  }

  /**
   * A player that lost its network without a word may be the one that asks: the one in its place is asked for a sign of
   * life, keeps the place if it gives one, and is closed if not.
   */
  async #joinAfter(
    holder: Player,
    player: Player,
    request: RoomRequest,
    reply: Reply | undefined,
  ): Promise<void> {
    try {
      const { socket } = holder;
      if (!(await socket.isAlive())) socket.close();
      if (!this.players.has(player.socket)) return;
      this.playerHost.dispatch(player, { ...this.#eventFrom(player, request), reply });
    } catch (error) {
      this.#fail(player, error, 'requested');
    }
  }

  closed(socket: RoomSocket, isGoodbye: boolean): void {
    const player = this.players.get(socket);
    if (!player || this.#places.lost(player, isGoodbye) || player.isDone) return;
    this.players.delete(socket);
    this.playerHost.dispatch(player, { type: 'SOCKET_CLOSED' });
  }

  /** Its session is over. */
  #over(player: Player): void {
    this.players.delete(player.socket);
    this.playerHost.dispatch(player, { type: 'SOCKET_CLOSED' });
  }

  /** What a machine cannot know (is that player in the game?) is looked up here and goes into the event. */
  #eventFrom(player: Player, request: RoomRequest, bytes = 0): RoomPlayerEvent {
    switch (request.name) {
      case 'join_game': {
        const { game_id: gameId, player_id: playerId, resume, token } = request.fields;
        const [game, id] = [roomIdKey(gameId), roomIdKey(playerId)];
        const place = this.#placeIn(game, id, player.socket.address);
        const shown = { gameId, playerId };
        const isReturning = resume === true || token !== undefined;
        return { type: 'JOIN_REQUESTED', gameId: game, playerId: id, place, shown, isReturning };
      }
      case 'leave_game': {
        const { game_id: gameId } = request.fields;
        return { type: 'LEAVE_REQUESTED', gameId: gameId === undefined ? undefined : roomIdKey(gameId) };
      }
      case 'webrtc_signal':
        return this.#signalFrom(player, request.fields, bytes);
    }
  }

  #signalFrom(player: Player, fields: RoomRequestOf<'webrtc_signal'>, bytes: number): RoomPlayerEvent {
    const { game_id: gameId, target_player_id: targetId, type, payload } = fields;
    const room = this.rooms.get(roomIdKey(gameId));
    const to = room?.players.get(roomIdKey(targetId));
    const target: SignalTarget = room
      ? to
        ? to === player
          ? 'self'
          : 'player'
        : 'unknown_player'
      : 'unknown_game';
    return {
      type: 'SIGNAL_RECEIVED',
      gameId: roomIdKey(gameId),
      target,
      signal: { to, type, payload, bytes },
    };
  }

  #placeIn(gameId: string, playerId: string, address: string): PlaceInGame {
    const { maxRooms, maxPlayersPerRoom } = this.#options;
    const room = this.rooms.get(gameId);
    const isFull =
      (maxRooms > 0 && this.rooms.size >= maxRooms) || this.#begunBy.of(address) >= shareOf(maxRooms);
    if (!room) return isFull ? 'one_game_too_many' : 'free';
    if (room.players.has(playerId)) return 'taken';
    return maxPlayersPerRoom > 0 && room.players.size >= maxPlayersPerRoom ? 'full' : 'free';
  }

  #isWithinRate(player: Player, bytes: number, reply: Reply | undefined): boolean {
    const flood = player.socket.rate.take(this.#queue.now, bytes, this.#options);
    if (!flood) return true;
    if (flood.isFirst) refusePlayer(this.#deps.telemetry, player, reply, flood);
    if (flood.isLast) {
      this.#deps.telemetry.metrics.refused.add('flood');
      player.socket.close();
    }
    return false;
  }

  /** Something of ours threw: that player's connection ends, and nobody else notices. */
  #fail(player: Player, error: unknown, effect: string): void {
    const { id } = player;
    this.#deps.telemetry.log.error(
      { event: 'player_failed', id, effect, err: error },
      `Player ${id} failed in ${effect}`,
    );
    player.socket.close();
  }
}
