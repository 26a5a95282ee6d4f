/**
 * The network between peers and a server that are all in this process: frames take their time, and what a test wants
 * to go wrong goes wrong. Frames of one socket keep their order, as those of a WebSocket do.
 */
import type { OpenSocket, Socket, SocketHandlers } from '../../client/signaling/socket.ts';
import { readNumbered } from '../../protocol/index.ts';
import type { SocketHandlers as ServerHandlers } from '../../server/dialects/native/routes.ts';
import { wishesIn } from '../../server/dialects/native/routes.ts';
import type { Schedule } from './schedule.ts';
import { SimulatedSocket } from './simulated-socket.ts';

/** How the network is, until a test says otherwise. */
export interface NetworkOptions {
  /** How long a frame, or a message from peer to peer, is under way at least, in milliseconds; 5 by default. */
  readonly delayMs?: number;
  /** How much longer it may be, in milliseconds: a random part of this; 0 by default. */
  readonly jitterMs?: number;
  /** The share of offers, answers, candidates and signals of the peers that the server never gets, 0 to 1; 0 by default. */
  readonly loss?: number;
}

/** A message that is to vanish. */
export interface Drop {
  /** Whose, by the name that it was created with; by default anybody's. */
  readonly of?: string;
  /** How many of them, by default 1. */
  readonly count?: number;
}

interface Dropping {
  readonly type: string;
  readonly of: string | undefined;
  left: number;
}

/** What stands in for a message that vanished, so that the numbers of the others stay right. */
const NOTHING = JSON.stringify({ type: 'pong' });
const LOSABLE = new Set(['offer', 'answer', 'candidate', 'signal']);
/** What a socket is closed with that ended without a close frame (RFC 6455 section 7.1.5). */
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
  /** Told when peers can reach each other again, or no longer. */
  readonly blockChanged = new Set<() => void>();

  constructor(schedule: Schedule, random: () => number, options: NetworkOptions = {}) {
    this.#schedule = schedule;
    this.#random = random;
    this.delayMs = options.delayMs ?? 5;
    this.jitterMs = options.jitterMs ?? 0;
    this.loss = options.loss ?? 0;
  }

  /** The next messages of that type that a peer sends to the server vanish: `offer`, `answer`, `pair_request`, … */
  drop(type: string, { of, count = 1 }: Drop = {}): void {
    this.#drops.push({ type, of, left: count });
  }

  /** The peer's socket is gone without a word; it may open another one at once. */
  cut(name: string): void {
    this.#sockets.get(name)?.cut();
  }

  /** The peer loses its socket, and gets no other until {@link up}. */
  down(name: string): void {
    this.#down.add(name);
    this.cut(name);
  }

  up(name: string): void {
    this.#down.delete(name);
  }

  /** The two find no way to each other, and what they have is silent. */
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

  /** How long the next thing is under way. */
  get travelMs(): number {
    return this.delayMs + this.jitterMs * this.#random();
  }

  /** What a peer of that name opens its sockets with. */
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

  /** The frame, or what is left of it. */
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
  /** When the last frame of each way arrives: none overtakes another. */
  #toServerAt = 0;
  #toPeerAt = 0;

  constructor(schedule: Schedule, handlers: SocketHandlers, path: Path) {
    this.#schedule = schedule;
    this.#handlers = handlers;
    this.#path = path;
  }

  open(opening: Opening): void {
    this.#toServer(() => {
      // What the server says at once is heard when the peer knows that it is open.
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
