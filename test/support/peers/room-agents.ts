/** Players without a page: the official socket.io-client and `WebRTCManager` over werift, closed after each test. */
import { afterEach } from '@jest/globals';
import { io, type Socket } from 'socket.io-client';
import {
  type PairlaneError,
  WebRTCManager,
  type WebRTCManagerOptions,
} from '../../../src/client/rooms/index.ts';
import type { RoomId } from '../../../src/protocol/index.ts';
import { noteTransitions } from '../machines/transition-coverage.ts';
import { PATIENCE_MS } from '../wait-timeouts.ts';

const agents: Agent[] = [];

export class Agent {
  readonly id: RoomId;
  readonly socket: Socket;
  readonly manager: WebRTCManager;
  readonly opened: RoomId[] = [];
  readonly closed: RoomId[] = [];
  readonly failed: { id: RoomId; error: PairlaneError }[] = [];
  readonly messages: { from: RoomId; data: string | ArrayBuffer }[] = [];
  readonly lines: string[] = [];
  #waiting: (() => void)[] = [];

  private constructor(socket: Socket, game: RoomId, id: RoomId, options: WebRTCManagerOptions) {
    this.id = id;
    this.socket = socket;
    const note =
      <Args extends unknown[]>(keep: (...args: Args) => void) =>
      (...args: Args) => {
        keep(...args);
        for (const wake of this.#waiting.splice(0)) wake();
      };
    this.manager = new WebRTCManager(socket, game, id, {
      iceServers: [],
      iceAdditionalHostAddresses: ['127.0.0.1'],
      observer: noteTransitions,
      logger: { log: (line) => this.lines.push(line), warn: (line) => this.lines.push(line) },
      onDataChannelOpen: note((peer) => this.opened.push(peer)),
      onDataChannelClose: note((peer) => this.closed.push(peer)),
      onConnectionFailed: note((peer, error) => this.failed.push({ id: peer, error })),
      onDataChannelMessage: note((data, from) => this.messages.push({ from, data })),
      ...options,
    });
    socket.onAny(note(() => {}));
    socket.on(
      'disconnect',
      note(() => {}),
    );
    agents.push(this);
  }

  /** Joins the game, without connecting to anybody. */
  static async join(
    url: string,
    game: RoomId,
    id: RoomId,
    options: WebRTCManagerOptions = {},
  ): Promise<Agent> {
    const socket = io(url, { transports: ['websocket'], forceNew: true, reconnection: false });
    const agent = new Agent(socket, game, id, options);
    await agent.rejoin(game);
    return agent;
  }

  async rejoin(game: RoomId): Promise<void> {
    await this.socket.timeout(PATIENCE_MS).emitWithAck('join_game', { game_id: game, player_id: this.id });
  }

  async until(fact: () => boolean, what: string): Promise<void> {
    const deadline = Date.now() + PATIENCE_MS;
    while (!fact()) {
      if (Date.now() > deadline) throw new Error(`${what} did not come; ${this.lines.join('; ')}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, deadline - Date.now());
        this.#waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  ready(peer: Agent): Promise<void> {
    return this.until(() => this.manager.isReady(peer.id), `an open channel to ${peer.id}`);
  }

  /** Sends until it has arrived, since the channel may lose messages. */
  async say(text: string, to: Agent): Promise<void> {
    const arrived = () => to.messages.some(({ from, data }) => from === this.id && data === text);
    for (let tries = 0; !arrived() && tries < 20; tries += 1) {
      this.manager.send(text, to.id);
      await Promise.race([
        to.until(arrived, text),
        new Promise((resolve) => setTimeout(resolve, 250).unref()),
      ]).catch(() => {});
    }
    if (!arrived()) throw new Error(`${text} did not arrive`);
  }

  async stop(): Promise<void> {
    await this.manager.close();
    this.socket.disconnect();
  }
}

/** Connects every two of them. */
export async function connectAll(players: readonly Agent[]): Promise<void> {
  for (const one of players) for (const other of players) one.manager.connectToPeer(other.id);
  for (const one of players) for (const other of players) if (one !== other) await one.ready(other);
}

afterEach(async () => {
  await Promise.all(agents.splice(0).map((agent) => agent.stop()));
});
