/**
 * Game rooms: the `webrtc_signal` dialect, and the files for its pages. A client's events go the same way as native
 * messages: rate, size, schema, a call of the core, a machine's event, its step, effects.
 */
import type { Admission } from '../../admission/admission.ts';
import { corsHeaders } from '../../admission/cors.ts';
import type { App } from '../../http/shell/shell.ts';
import { type ServedFile, serveFiles } from '../../http/static-files.ts';
import type { ServerOptions } from '../../options.ts';
import { decodeRoomRequest, measure, type RoomRequest } from './decode-room-request.ts';
import { Games, type GamesDeps } from './games.ts';
import type { Player } from './player.ts';
import { type Reply, refusePlayer } from './refuse-player.ts';
import { type RoomSocket, type RoomSocketHandlers, serveSocketIo } from './socket-server.ts';

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

export interface GameRoomsDeps extends Omit<GamesDeps, 'places'> {
  readonly admission: Admission;
}

export class GameRooms implements RoomSocketHandlers {
  readonly games: Games;
  readonly #options: ServerOptions;
  readonly #deps: GameRoomsDeps;
  readonly #stops: (() => Promise<void>)[] = [];

  constructor(options: ServerOptions, deps: GameRoomsDeps) {
    this.#options = options;
    this.#deps = deps;
    this.games = new Games(options, { ...deps, places: deps.admission });
  }

  addRoutes(app: App): void {
    serveFiles(app, FILES, { corsHeaders: (req, res) => corsHeaders(this.#deps, res, req) });
    this.#stops.push(serveSocketIo(app, this.#options, this.#deps.admission, this));
  }

  /** Ends every socket. Nobody is told that players left when the whole server stops. */
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
      now: () => signaling.queue.now,
      refusals,
      refused: (kind: string) => this.refused(kind),
      sent: (bytes: number) => {
        metrics.bytesSent += bytes;
      },
    };
  }

  opened(socket: RoomSocket): void {
    this.games.opened(socket);
  }

  closed(socket: RoomSocket, isGoodbye: boolean): void {
    this.games.closed(socket, isGoodbye);
  }

  requested(socket: RoomSocket, name: string, fields: unknown, reply: Reply | undefined): void {
    if (!this.games.has(socket)) return;
    // An exception that escapes a Socket.IO handler would end the process and everybody's session.
    try {
      const size = measure(fields);
      const { metrics } = this.#deps.telemetry;
      metrics.bytesReceived += size.bytes;
      if (!this.#isWithinRate(socket, size.bytes, reply)) return;
      const decoded = decodeRoomRequest(name, fields, size, this.#options.maxMessageBytes);
      if ('refusal' in decoded) {
        this.#refuse(socket, reply, decoded.refusal);
        return;
      }
      const { request } = decoded;
      metrics.received.add(request.name);
      const { session } = this.games.playerOf(socket) ?? {};
      const { signaling } = this.#deps;
      if (session) signaling.sessions.heard(session, signaling.queue.now);
      const holder = this.games.holderToAsk(socket, request);
      if (holder) void this.#joinAfter(holder, socket, request, reply);
      else this.#handle(socket, request, size.bytes, reply);
    } catch (error) {
      this.#fail(socket, error);
    }
  }

  #handle(socket: RoomSocket, request: RoomRequest, bytes: number, reply: Reply | undefined): void {
    const code = this.games.handle(socket, request, bytes, reply);
    if (code) this.#refuse(socket, reply, { code });
  }

  /**
   * The new client may be a player that lost its network unnoticed. The player in its place is asked for a sign of
   * life: it keeps the place if it answers, and is closed if not.
   */
  async #joinAfter(
    holder: Player,
    socket: RoomSocket,
    request: RoomRequest,
    reply: Reply | undefined,
  ): Promise<void> {
    try {
      const held = holder.socket;
      if (!(await held.isAlive())) held.close();
      if (this.games.has(socket)) this.#handle(socket, request, 0, reply);
    } catch (error) {
      this.#fail(socket, error);
    }
  }

  #isWithinRate(socket: RoomSocket, bytes: number, reply: Reply | undefined): boolean {
    const { admission, signaling } = this.#deps;
    const flood = admission.messages.take(socket, signaling.queue.now, bytes);
    if (!flood) return true;
    if (flood.isFirst) this.#refuse(socket, reply, flood);
    if (flood.isLast) {
      this.refused('flood');
      socket.close();
    }
    return false;
  }

  #refuse(socket: RoomSocket, reply: Reply | undefined, refusal: Parameters<typeof refusePlayer>[2]): void {
    refusePlayer(this.#deps.telemetry, { socket, player: this.games.playerOf(socket), reply }, refusal);
  }

  /** Handles an exception of ours: this client's connection ends, and no other client is affected. */
  #fail(socket: RoomSocket, error: unknown): void {
    const id = this.games.playerOf(socket)?.id ?? socket.id;
    this.#deps.telemetry.log.error(
      { event: 'player_failed', id, effect: 'requested', err: error },
      `Player ${id} failed in requested`,
    );
    socket.close();
  }
}
