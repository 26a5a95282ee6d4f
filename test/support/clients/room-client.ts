/** A plain Socket.IO client that knows only the dialect's events: it keeps what arrives, and waits for facts. */
import { once } from 'node:events';
import { afterAll, afterEach } from '@jest/globals';
import { io, type ManagerOptions, type Socket } from 'socket.io-client';
import { PATIENCE_MS } from '../wait-timeouts.ts';

export interface RoomEvent {
  readonly name: string;
  readonly [field: string]: unknown;
}

const clients: RoomClient[] = [];

export class RoomClient {
  readonly socket: Socket;
  readonly inbox: RoomEvent[] = [];
  readonly #changes = new EventTarget();

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.onAny((name: string, fields: object) => {
      this.inbox.push({ name, ...fields });
      this.#changes.dispatchEvent(new Event('change'));
    });
    socket.on('disconnect', () => this.#changes.dispatchEvent(new Event('change')));
    clients.push(this);
  }

  /** Connects, over WebSocket at once unless the options say otherwise. */
  static async connect(url: string, options: Partial<ManagerOptions> = {}): Promise<RoomClient> {
    const socket = io(url, { transports: ['websocket'], forceNew: true, reconnection: false, ...options });
    const client = new RoomClient(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('connect_error', reject);
      socket.once('disconnect', (reason) => reject(new Error(`closed before it was connected: ${reason}`)));
    });
    return client;
  }

  /** Emits, and waits for the acknowledgement. */
  ask(name: string, fields?: unknown): Promise<Record<string, unknown>> {
    const socket = this.socket.timeout(PATIENCE_MS);
    return fields === undefined ? socket.emitWithAck(name) : socket.emitWithAck(name, fields);
  }

  join(gameId: unknown, playerId: unknown): Promise<Record<string, unknown>> {
    return this.ask('join_game', { game_id: gameId, player_id: playerId });
  }

  signal(gameId: unknown, targetId: unknown, type: unknown, payload: unknown): void {
    this.socket.emit('webrtc_signal', { game_id: gameId, target_player_id: targetId, type, payload });
  }

  /** Takes the next event out of the inbox, which must have that name. */
  async next(name: string): Promise<RoomEvent> {
    await this.until(() => this.inbox.length > 0, `an event ${name}`);
    const event = this.inbox.shift() as RoomEvent;
    if (event.name !== name) throw new Error(`expected ${name} next, got ${JSON.stringify(event)}`);
    return event;
  }

  /** Waits until the server has handled everything emitted so far: it answers in order. */
  async settled(): Promise<void> {
    await this.ask('no_such_event');
  }

  async until(fact: () => boolean, what: string): Promise<void> {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    while (!fact()) {
      await once(this.#changes, 'change', { signal }).catch(() => {
        throw new Error(`${what} did not come; inbox: ${JSON.stringify(this.inbox)}`);
      });
    }
  }
}

type Engine = Socket['io']['engine'];
/** Closed clients that still have something to send, such as a goodbye over polling. */
const leaving: Engine[] = [];

afterEach(() => {
  for (const { socket } of clients.splice(0)) {
    const { engine } = socket.io;
    socket.disconnect();
    leaving.push(engine);
  }
});

// Each one ends once its server or proxy is closed; that must not happen after the end of the test file.
afterAll(async () => {
  for (const engine of leaving.splice(0))
    if (engine && engine.readyState !== 'closed')
      await new Promise<void>((resolve) => engine.once('close', () => resolve()));
});
