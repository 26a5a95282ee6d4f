/**
 * The network between peers and a server in this process: frames take time, and fail as the test wants. Frames of one
 * socket keep their order, as those of a WebSocket do.
 */
import type { OpenSocket, Socket, SocketHandlers } from '../../client/signaling/socket.ts';
import { readNumbered } from '../../protocol/index.ts';
import type { SocketHandlers as ServerHandlers } from '../../server/dialects/native/routes.ts';
import { wishesIn } from '../../server/dialects/native/routes.ts';
import type { Schedule } from './schedule.ts';
import { SimulatedSocket } from './simulated-socket.ts';

/** The network's properties, until a test changes them. */
export interface NetworkOptions {
  /** The minimum delay of a frame, or of a message between peers, in milliseconds; 5 by default. */
  readonly delayMs?: number;
  /** A random part of this is added to each delay, in milliseconds; 0 by default. */
  readonly jitterMs?: number;
  /**
   * The share of the peers' offers, answers, candidates and signals that never reach the server, 0 to 1; 0 by default.
   */
  readonly loss?: number;
}

/** A message to lose. */
export interface Drop {
  /** The sender, by the name that it was created with; any sender by default. */
  readonly of?: string;
  /** How many messages; 1 by default. */
  readonly count?: number;
}

interface Dropping {
  readonly type: string;
  readonly of: string | undefined;
  left: number;
}

/** Replaces a lost message, so that the numbers of the others stay right. */
const NOTHING = JSON.stringify({ type: 'pong' });
const LOSABLE = new Set(['offer', 'answer', 'candidate', 'signal']);
/** The close code of a socket that ended without a close frame (RFC 6455 section 7.1.5). */
const ABNORMAL = 1006;

export class SimulatedNetwork {
  delayMs: number;
  jitterMs: number;
  loss: number;
  readonly #schedule: Schedule;
  readonly #random: () => number;
  readonly #sockets = new Map<string, PeerSocket>();
  readonly #down = new Set<string>();
  readonly #blocked = new Set<string>();
  readonly #drops: Dropping[] = [];
  /** Called when peers can reach each other again, or no longer. */
  readonly blockChanged = new Set<() => void>();

  constructor(schedule: Schedule, random: () => number, options: NetworkOptions = {}) {
    this.#schedule = schedule;
    this.#random = random;
    this.delayMs = options.delayMs ?? 5;
    this.jitterMs = options.jitterMs ?? 0;
    this.loss = options.loss ?? 0;
  }

  /** Loses the next messages of that type that a peer sends to the server: `offer`, `answer`, `pair_request`, … */
  drop(type: string, { of, count = 1 }: Drop = {}): void {
    this.#drops.push({ type, of, left: count });
  }

  /** Cuts the peer's socket without a close frame; it may open another one at once. */
  cut(name: string): void {
    this.#sockets.get(name)?.cut();
  }

  /** The peer loses its socket, and cannot open another one until {@link up}. */
  down(name: string): void {
    this.#down.add(name);
    this.cut(name);
  }

  up(name: string): void {
    this.#down.delete(name);
  }

  /** The two find no path to each other, and an existing one falls silent. */
  block(one: string, other: string): void {
    this.#blocked.add(pairOf(one, other));
    for (const tell of this.blockChanged) tell();
  }

  unblock(one: string, other: string): void {
    this.#blocked.delete(pairOf(one, other));
    for (const tell of this.blockChanged) tell();
  }

  isBlocked(one: string, other: string): boolean {
    return this.#blocked.has(pairOf(one, other));
  }

  /** How long the next frame takes. */
  get travelMs(): number {
    return this.delayMs + this.jitterMs * this.#random();
  }

  /** Opens sockets for a peer of that name. */
  socketsOf(name: string, server: ServerHandlers, maxPeers: number): OpenSocket {
    return (url, handlers) => {
      const socket = new PeerSocket(this.#schedule, handlers, {
        travelMs: () => this.travelMs,
        passing: (frame) => this.#passing(name, frame),
      });
      this.#sockets.set(name, socket);
      const query = new URL(url).searchParams;
      const wishes = wishesIn((field) => query.get(field) ?? undefined, maxPeers);
      if (this.#down.has(name)) socket.cut();
      else socket.open((other) => new SimulatedSocket(server, { ...wishes, token: undefined }, other));
      return socket;
    };
  }

  /** The frame, or what replaces it. */
  #passing(name: string, frame: string): string {
    const numbered = readNumbered(frame);
    const { type } = JSON.parse(numbered?.message ?? frame) as { type: string };
    if (!this.#isDropped(name, type)) return frame;
    return numbered ? `[${numbered.seq},${numbered.acked},${NOTHING}]` : NOTHING;
  }

  #isDropped(name: string, type: string): boolean {
    const drop = this.#drops.find(
      (one) => one.left > 0 && one.type === type && (one.of === undefined || one.of === name),
    );
    if (drop) drop.left -= 1;
    return drop !== undefined || (LOSABLE.has(type) && this.loss > 0 && this.#random() < this.loss);
  }
}

const pairOf = (one: string, other: string) => JSON.stringify([one, other].sort());

interface Path {
  readonly travelMs: () => number;
  readonly passing: (frame: string) => string;
}

type Opening = (other: {
  received(frame: string): void;
  closed(code: number, reason: string): void;
}) => SimulatedSocket;

/** A peer's end of a socket. */
class PeerSocket implements Socket {
  readonly #schedule: Schedule;
  readonly #handlers: SocketHandlers;
  readonly #path: Path;
  #server: SimulatedSocket | undefined;
  #isOver = false;
  /** When the last frame in each direction arrives: no frame overtakes another. */
  #toServerAt = 0;
  #toPeerAt = 0;

  constructor(schedule: Schedule, handlers: SocketHandlers, path: Path) {
    this.#schedule = schedule;
    this.#handlers = handlers;
    this.#path = path;
  }

  open(opening: Opening): void {
    this.#toServer(() => {
      // The server's first frames arrive only once the peer knows that the socket is open.
      this.#toPeer(() => this.#handlers.opened());
      this.#server = opening({
        received: (frame) => this.#toPeer(() => this.#handlers.received(frame)),
        closed: (code, reason) => this.#toPeer(() => this.#end(code, reason)),
      });
    });
  }

  send(text: string): void {
    const frame = this.#path.passing(text);
    this.#toServer(() => this.#server?.receive(frame));
  }

  close(code: number): void {
    this.#toServer(() => {
      this.#server?.close(code);
      this.#toPeer(() => this.#end(code, ''));
    });
  }

  /** Both sides lose it at once. */
  cut(): void {
    this.#server?.close(ABNORMAL);
    this.#schedule.after(0, () => this.#end(ABNORMAL, 'The network is gone'));
  }

  #end(code: number, reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#handlers.closed(code, reason);
  }

  #toServer(arrive: () => void): void {
    this.#toServerAt = Math.max(this.#toServerAt, this.#schedule.clock.now() + this.#path.travelMs());
    this.#schedule.add(this.#toServerAt, () => {
      if (!this.#isOver) arrive();
    });
  }

  #toPeer(arrive: () => void): void {
    this.#toPeerAt = Math.max(this.#toPeerAt, this.#schedule.clock.now() + this.#path.travelMs());
    this.#schedule.add(this.#toPeerAt, () => {
      if (!this.#isOver) arrive();
    });
  }
}
