/** A light client that can resume: the native wire with "Resume", reconnects, and a history of what it received. */
import { WebSocket } from 'ws';
import { ReliableDelivery, readNumbered } from '../src/protocol/index.ts';

/** What the clients of one run share. */
export interface Fleet {
  readonly url: string;
  /**
   * How long a client waits, given the time that the server told it, if any, and its attempts since it lost its
   * connection.
   */
  readonly waitMs: (toldMs: number | undefined, attempt: number) => number;
  /** The times of all sockets opened to resume, and how many of them failed to open. */
  readonly returns: number[];
  failures: number;
  sessionsLost: number;
  pairingsLost: number;
}

type Message = { readonly type: string; readonly [field: string]: unknown };

export class DrainClient {
  id = '';
  isOnline = false;
  pairing: { peer_id: string; epoch: number; initiator: boolean } | undefined;
  /** The candidates received, in order. */
  readonly heard: string[] = [];
  readonly #fleet: Fleet;
  readonly #delivery = new ReliableDelivery<string>();
  #token = '';
  #lastSenderSeq = 0;
  #socket: WebSocket | undefined;
  #toldMs: number | undefined;
  #attempt = 0;
  #timer: NodeJS.Timeout | undefined;
  #changed: () => void = () => {};

  constructor(fleet: Fleet) {
    this.#fleet = fleet;
  }

  open(): void {
    const isReturning = this.id !== '';
    const socket = new WebSocket(`${this.#fleet.url}?resume=${isReturning ? 'back' : '1'}`, {
      perMessageDeflate: false,
    });
    this.#socket = socket;
    socket.on('error', () => {
      this.#fleet.failures += 1;
    });
    socket.on('open', () => {
      if (!isReturning) return;
      this.#fleet.returns.push(performance.now());
      const { received, first } = this.#delivery;
      const { id, pairing } = this;
      socket.send(JSON.stringify({ type: 'resume', id, token: this.#token, received, first, pairing }));
    });
    socket.on('message', (data) => this.#received(String(data)));
    socket.on('close', () => this.#lost());
  }

  async until(fact: () => boolean): Promise<void> {
    while (!fact()) {
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
  }

  send(message: object): void {
    const kept = this.#delivery.keep(JSON.stringify(message));
    if (this.isOnline) this.#write(kept);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#socket?.removeAllListeners('close');
    this.#socket?.terminate();
  }

  #write(kept: ReturnType<ReliableDelivery<string>['keep']>): void {
    this.#socket?.send(this.#delivery.headOf(kept) + kept.message + this.#delivery.tailOf(kept));
  }

  #lost(): void {
    this.isOnline = false;
    const waitMs = this.#fleet.waitMs(this.#toldMs, this.#attempt);
    this.#toldMs = undefined;
    this.#attempt += 1;
    this.#timer = setTimeout(() => this.open(), waitMs);
  }

  #received(data: string): void {
    const numbered = readNumbered(data);
    if (!numbered) this.#handle(JSON.parse(data));
    else if (this.#delivery.accept(numbered.seq, numbered.acked) === 'new') {
      const { senderSeq, message } = numbered;
      if (this.#delivery.shouldAck) this.#socket?.send(JSON.stringify(this.#delivery.ackMessage()));
      if (senderSeq === undefined || senderSeq > this.#lastSenderSeq) this.#handle(JSON.parse(message));
      this.#lastSenderSeq = Math.max(this.#lastSenderSeq, senderSeq ?? 0);
    }
    this.#changed();
  }

  #handle(message: Message): void {
    const { type, received } = message;
    if (type === 'restarting') this.#toldMs = Number(message.after_ms);
    else if (type === 'ping') this.#socket?.send('{"type":"pong"}');
    else if (type === 'ack') this.#delivery.ack(Number(received));
    else if (type === 'peer_disconnected') this.#fleet.pairingsLost += 1;
    else if (type === 'candidate') this.heard.push((message.candidate as { candidate: string }).candidate);
    else if (type === 'paired') {
      const { peer_id, epoch, initiator } = message;
      this.pairing = { peer_id: String(peer_id), epoch: Number(epoch), initiator: initiator === true };
    } else if (type === 'your_id') this.#welcomed(message);
  }

  #welcomed({ id, resume, received, restarted }: Message): void {
    if (this.id !== '' && (id !== this.id || received === undefined)) this.#fleet.sessionsLost += 1;
    this.id = String(id);
    this.#token = String(resume);
    this.isOnline = true;
    this.#attempt = 0;
    if (restarted) this.#delivery.restart();
    for (const kept of this.#delivery.unacked) this.#write(kept);
  }
}
