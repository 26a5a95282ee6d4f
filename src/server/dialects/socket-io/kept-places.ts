/** The places of players that come back, by their tokens: who asks for a token keeps its place while its socket is lost. */
import { createHash, randomBytes } from 'node:crypto';
import { sessionIdOn } from '../../node-id.ts';
import type { ServerOptions } from '../../options.ts';
import type { Signaling } from '../../signaling/signaling.ts';
import { KeptPlace, type KeptPlaceDeps } from './kept-place.ts';
import type { Player } from './room.ts';
import type { RoomSocket } from './socket-server.ts';

export interface KeptPlacesDeps {
  readonly signaling: Signaling;
  readonly places: KeptPlaceDeps['places'];
  /** A player's session is over, and so is its time in the game. */
  readonly over: (player: Player) => void;
}

const TOKEN_BYTES = 24;

export class KeptPlaces {
  /** By the hashes of their tokens: how long a look-up takes tells nothing of a token. */
  readonly #byToken = new Map<string, KeptPlace>();
  readonly #options: Pick<ServerOptions, 'node' | 'maxUnsentBytes' | 'resumeGraceMs'>;
  readonly #deps: KeptPlacesDeps;
  readonly #placeDeps: KeptPlaceDeps;

  constructor(
    options: Pick<ServerOptions, 'node' | 'maxUnsentBytes' | 'resumeGraceMs'>,
    deps: KeptPlacesDeps,
  ) {
    this.#options = options;
    this.#deps = deps;
    const { signaling, places } = deps;
    this.#placeDeps = {
      maxUnsentBytes: options.maxUnsentBytes,
      added: (bytes) => signaling.waiting.added(bytes),
      places,
      heard: (session) => signaling.sessions.heard(session, signaling.queue.now),
      over: (place) => this.#over(place),
    };
  }

  /** The player, who is in a game, wants its place kept; on a server that keeps none it is not. */
  open(player: Player): void {
    if (player.place || this.#options.resumeGraceMs === 0) return;
    const token = randomBytes(TOKEN_BYTES).toString('base64url');
    const place = new KeptPlace(player, token, this.#placeDeps);
    player.place = place;
    this.#byToken.set(hashOf(token), place);
    place.session = this.#deps.signaling.sessions.open(sessionIdOn(this.#options.node), place);
  }

  /** It left its game, and needs no place there. */
  close(player: Player): void {
    const { place } = player;
    player.place = undefined;
    if (!place) return;
    this.#byToken.delete(hashOf(place.token));
    if (place.session) this.#deps.signaling.sessions.disconnected(place.session, true);
  }

  find(token: string): KeptPlace | undefined {
    return this.#byToken.get(hashOf(token));
  }

  heard({ place }: Player): void {
    if (place?.session) this.#placeDeps.heard(place.session);
  }

  /**
   * A player's socket is lost.
   * @param isGoodbye its client closed it on purpose, and does not come back
   * @returns whether the player stays in its game
   */
  lost({ place }: Player, isGoodbye: boolean): boolean {
    // One that the server closes while it drains: all wait until it is gone.
    if (!place?.session) return false;
    const { isOnline } = place;
    place.waits();
    if (isOnline) this.#deps.signaling.sessions.disconnected(place.session, isGoodbye);
    return !place.session.isDone;
  }

  /** The player is back on another socket. @returns the one before */
  resume(place: KeptPlace, socket: RoomSocket): RoomSocket {
    const { player, session } = place;
    const before = player.socket;
    player.socket = socket;
    place.returned();
    if (session) this.#deps.signaling.sessions.resumed(session);
    return before;
  }

  #over({ player, token }: KeptPlace): void {
    this.#byToken.delete(hashOf(token));
    if (player.place?.token !== token) return;
    player.place = undefined;
    this.#deps.over(player);
  }
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('base64');
}
