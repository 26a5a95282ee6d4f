/** A signaling server that sends exactly what a test tells it to: for everything that ours would never send. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach } from '@jest/globals';
import { type WebSocket, WebSocketServer } from 'ws';

export class ScriptedServer {
  readonly url: string;
  /** What clients sent, parsed. */
  readonly inbox: { type: string; [field: string]: unknown }[] = [];
  /** The latest client's socket. */
  socket: WebSocket | undefined;
  connections = 0;
  readonly #server: WebSocketServer;
  #wake: (() => void)[] = [];

  private constructor(server: WebSocketServer, greeting: object | undefined) {
    this.#server = server;
    this.url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    server.on('connection', (socket) => {
      this.socket = socket;
      this.connections += 1;
      socket.on('message', (data) => {
        this.inbox.push(JSON.parse(String(data)));
        for (const wake of this.#wake.splice(0)) wake();
      });
      if (greeting) this.send(greeting);
    });
  }

  /** @param greeting undefined: the server sends none */
  static async start(
    greeting: object | undefined = { type: 'your_id', id: 'me', ping_interval_ms: 30_000 },
  ): Promise<ScriptedServer> {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    await once(server, 'listening');
    const scripted = new ScriptedServer(server, greeting);
    running.push(scripted);
    return scripted;
  }

  send(message: object | string | Buffer): void {
    this.socket?.send(
      typeof message === 'string' || Buffer.isBuffer(message) ? message : JSON.stringify(message),
    );
  }

  /** Waits for a message of that type, and takes it together with all messages before it. */
  async next(type: string): Promise<{ type: string; [field: string]: unknown }> {
    for (;;) {
      const index = this.inbox.findIndex((message) => message.type === type);
      const found = this.inbox[index];
      if (found) {
        this.inbox.splice(0, index + 1);
        return found;
      }
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
  }

  async stop(): Promise<void> {
    for (const socket of this.#server.clients) socket.terminate();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

const running: ScriptedServer[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.stop()));
});
