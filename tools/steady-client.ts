/**
 * A light client for load tests: the wire of the section "Resume" on a bare `ws`, without WebRTC. It comes back by
 * itself, to whichever node a load balancer would choose, for as long as its session may live, and records what it sent
 * and received. It shares only the numbering (ReliableDelivery) with the real client: a problem that it finds is not
 * the real client's.
 */
import { EventEmitter, once } from 'node:events';
import { WebSocket } from 'ws';
import { ReliableDelivery, readNumbered, type UnackedMessage } from '../src/protocol/index.ts';
import { type History, newHistory } from './history.ts';

/** How many messages may be in flight, or wait for a peer that is away: a server keeps 256. */
const WINDOW = 64;
/** Comes back sooner than the real client, so that a test sees more of it. */
const BACKOFF = { firstMs: 50, mostMs: 1_000 };
/** A socket without a greeting by then is given up. */
const WELCOME_TIMEOUT_MS = 10_000;
const GOODBYE = 1000;

export interface ReceivedMessage {
  readonly type: string;
  readonly [field: string]: unknown;
}

export interface SteadyClientOptions {
  /** Returns the URL for the next socket: the load balancer's choice. */
  readonly chooseUrl: () => string;
  /** The upper bound of the random delay before it comes back: at first, and at most. */
  readonly backoff?: { readonly firstMs: number; readonly mostMs: number };
}

interface SteadyClientEvents {
  /**
   * The first message on a socket arrived.
   * @param isBack whether it resumed its session
   */
  welcomed: [isBack: boolean];
  /** Its socket is lost, and it will come back. */
  lost: [];
  /** Any message other than `your_id`, `ack`, `ping` or a peer's. */
  message: [message: ReceivedMessage];
  /** A message of its peer, received for the first time. */
  heard: [];
  /** The server has acked some of its messages. */
  acked: [];
  /** Something that must not happen. */
  problem: [what: string];
}

export class SteadyClient extends EventEmitter<SteadyClientEvents> {
  id = '';
  history: History = newHistory();
  /** Where it was last connected, or tried to connect. */
  url = '';
  /** How often it has resumed its session. */
  returns = 0;
  #delivery = new ReliableDelivery<string>();
  #token = '';
  #lastSenderSeq = 0;
  #pairing: { peer_id: string; epoch: number; initiator: boolean } | undefined;
  #socket: WebSocket | undefined;
  #isWelcome = false;
  #isClosed = false;
  #failures = 0;
  #comeBackAfterMs: number | undefined;
  #retry: NodeJS.Timeout | undefined;
  readonly #options: SteadyClientOptions;

  constructor(options: SteadyClientOptions) {
    super();
    this.#options = options;
  }

  /** Connects, with as many attempts as needed. */
  async start(): Promise<this> {
    this.#open();
    await this.isBack();
    return this;
  }

  get isConnected(): boolean {
    return this.#isWelcome;
  }

  get isPaired(): boolean {
    return this.#pairing !== undefined;
  }

  /** Resolves when it is connected. */
  async isBack(): Promise<void> {
    while (!this.#isWelcome) await once(this, 'welcomed');
  }

  /** Sends something that is not recorded: a request. It waits while there is no socket. */
  request(message: object): void {
    this.#send(JSON.stringify(message));
  }

  /**
   * Sends the next numbered message to its peer.
   * @returns false if too much is in flight, or there is no peer
   */
  say(): boolean {
    if (!this.#pairing || this.#delivery.unacked.length >= WINDOW) return false;
    this.history.sent += 1;
    const candidate = { candidate: `${this.history.sent}`, sdpMid: '0', sdpMLineIndex: 0 };
    this.#send(JSON.stringify({ type: 'candidate', candidate, epoch: this.#pairing.epoch }));
    return true;
  }

  /** Loses its socket as when a cable is pulled. */
  drop(): void {
    const socket = this.#socket;
    if (!socket) return;
    this.#lost();
    socket.terminate();
  }

  /** Says goodbye. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.close(GOODBYE);
    else this.#socket?.terminate();
  }

  #open(): void {
    const url = new URL(this.#options.chooseUrl());
    this.url = url.href;
    url.searchParams.set('resume', this.#token ? 'back' : '1');
    const socket = new WebSocket(url, { perMessageDeflate: false });
    this.#socket = socket;
    const deadline = setTimeout(() => socket.terminate(), WELCOME_TIMEOUT_MS);
    socket.on('open', () => {
      const { received, first } = this.#delivery;
      const claim = { id: this.id, token: this.#token, received, first };
      if (this.#token)
        socket.send(
          JSON.stringify({ type: 'resume', ...claim, ...(this.#pairing && { pairing: this.#pairing }) }),
        );
    });
    socket.on('message', (data) => {
      if (this.#socket === socket) this.#received(String(data));
      if (this.#isWelcome) clearTimeout(deadline);
    });
    // `close` always follows.
    socket.on('error', () => {});
    socket.on('close', () => {
      clearTimeout(deadline);
      if (this.#socket === socket) this.#lost();
    });
  }

  #lost(): void {
    const wasWelcome = this.#isWelcome;
    this.#socket = undefined;
    this.#isWelcome = false;
    if (this.#isClosed) return;
    if (wasWelcome) this.emit('lost');
    const { firstMs, mostMs } = this.#options.backoff ?? BACKOFF;
    const delayMs = this.#comeBackAfterMs ?? Math.random() * Math.min(mostMs, firstMs * 2 ** this.#failures);
    this.#comeBackAfterMs = undefined;
    this.#failures += 1;
    this.#retry = setTimeout(() => this.#open(), delayMs);
  }

  #send(text: string): void {
    this.#sendKept(this.#delivery.keep(text));
  }

  #sendKept(kept: UnackedMessage<string>): void {
    if (this.#isWelcome)
      this.#socket?.send(this.#delivery.headOf(kept) + kept.message + this.#delivery.tailOf(kept));
  }

  #received(data: string): void {
    const numbered = readNumbered(data);
    if (!numbered) {
      this.#handle(JSON.parse(data));
      return;
    }
    const { seq, acked, message, senderSeq } = numbered;
    const verdict = this.#delivery.accept(seq, acked);
    if (verdict === 'impossible') this.emit('problem', `a frame with the number ${seq}, which cannot be`);
    if (verdict !== 'new') return;
    if (this.#delivery.shouldAck) this.#socket?.send(JSON.stringify(this.#delivery.ackMessage()));
    if (senderSeq !== undefined) {
      if (senderSeq <= this.#lastSenderSeq) return;
      this.#lastSenderSeq = senderSeq;
    }
    this.#handle(JSON.parse(message));
  }

  #handle(message: ReceivedMessage): void {
    switch (message.type) {
      case 'ping':
        this.#socket?.send('{"type":"pong"}');
        return;
      case 'ack':
        this.#delivery.ack(Number(message.received));
        this.emit('acked');
        return;
      case 'restarting':
        this.#comeBackAfterMs = Number(message.after_ms);
        return;
      case 'your_id':
        this.#welcomed(message);
        return;
      case 'candidate':
        this.history.received.push(Number((message.candidate as { candidate: string }).candidate));
        this.emit('heard');
        return;
      case 'paired':
        this.#lastSenderSeq = 0;
        this.history = newHistory();
        this.#pairing = {
          peer_id: String(message.peer_id),
          epoch: Number(message.epoch),
          initiator: message.initiator === true,
        };
        break;
      case 'peer_disconnected':
        this.#ended(`peer_disconnected (${message.reason})`);
        break;
    }
    this.emit('message', message);
  }

  #welcomed({ id, resume, received, restarted }: ReceivedMessage): void {
    const isBack = id === this.id && received !== undefined;
    this.#failures = 0;
    this.#isWelcome = true;
    this.#token = String(resume);
    if (isBack) {
      this.returns += 1;
      if (restarted) this.#delivery.restart();
      for (const kept of this.#delivery.unacked) this.#sendKept(kept);
    } else {
      if (this.id) this.#ended('its session was not given back');
      this.id = String(id);
      this.#delivery = new ReliableDelivery();
    }
    this.emit('welcomed', isBack);
  }

  #ended(why: string): void {
    if (this.#pairing) this.history.ended = why;
    this.#pairing = undefined;
  }
}
