/** One hostile connection on a raw socket. It checks what it receives: a signal must come from its peer. */
import { connect, type Socket } from 'node:net';
import { PATIENCE_MS } from '../support/wait-timeouts.ts';
import { brokenFrame, brokenRequest, payload, pingFrame, wholeMessage } from './frames.ts';
import type { Random } from './random.ts';

const PONG = 0xa;
/** A resuming client has to speak first. */
const BACK = '/?resume=back';
/** The time limit for an answer that may never come. */
const HANGING_MS = 100;

const requestFor = (path: string) =>
  Buffer.from(
    `GET ${path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
  );

export class Fuzzer {
  id = 'unknown';
  /** Signals that came from a client that was not its peer. */
  readonly strays: string[] = [];
  /** All signals it received, from any client. */
  signals = 0;
  readonly #socket: Socket;
  readonly #random: Random;
  readonly #issued: Set<string>;
  /** Whether the server must greet it. */
  readonly #isGreeted: boolean;
  #wake = () => {};
  #peer: string | undefined;
  #input = Buffer.alloc(0);
  #pongs = 0;
  #pings = 0;
  /** In a resumable session frames are numbered: with the last number sent, and the last one received. */
  #isNumbered = false;
  #sent = 0;
  #had = 0;
  isClosed = false;

  /** @param issued every id that the server has given out: a mutation may change the id in a signal, too */
  constructor(port: number, random: Random, issued: Set<string>) {
    this.#random = random;
    this.#issued = issued;
    this.#socket = connect(port, '127.0.0.1');
    this.#socket.on('data', (data) => {
      this.#read(data);
      this.#wake();
    });
    this.#socket.on('error', () => {});
    this.#socket.on('close', () => {
      this.isClosed = true;
      this.#wake();
    });
    const path = random.pick(['/', '/?resume=1', BACK]);
    const request = requestFor(path);
    const isBroken = random.below(20) === 0;
    this.#isGreeted = !isBroken && path !== BACK;
    this.#socket.write(isBroken ? brokenRequest(random, request) : request);
  }

  /**
   * Sends that many frames.
   * @returns once the server has handled them, or closed the connection, or left it hanging
   */
  async send(frames: number, ids: readonly string[]): Promise<void> {
    const random = this.#random;
    for (let sent = 0; sent < frames; sent += 1)
      this.#socket.write(wholeMessage(random, this.#numbered(payload(random, this.id, ids))));
    if (random.below(20) === 0) {
      this.#socket.write(brokenFrame(random, payload(random, this.id, ids)));
      this.end();
      return;
    }
    this.#pings += 1;
    this.#socket.write(pingFrame(String(this.#pings)));
    // A connection that never became a WebSocket answers no ping: it would hang until we end it.
    await this.#until(() => this.#pongs === this.#pings || this.id === 'unknown', PATIENCE_MS);
    if (this.#pongs < this.#pings) this.end();
  }

  /** Numbers the frame correctly, as a duplicate, not at all, or with an invalid number, which ends the session. */
  #numbered(bytes: Buffer): Buffer {
    const kind = this.#isNumbered ? this.#random.below(1_000) : 0;
    if (!this.#isNumbered || (kind > 0 && kind < 30)) return bytes;
    if (kind >= 60) this.#sent += 1;
    const seq = kind === 0 ? this.#random.below(1_000) : this.#sent;
    return Buffer.concat([Buffer.from(`[${seq},${this.#had},`), bytes, Buffer.from(']')]);
  }

  /** Disconnects without a goodbye, as most clients do. */
  end(): void {
    this.#socket.destroy();
    this.isClosed = true;
  }

  /** Waits for the greeting, or for the end of a connection that gets none. */
  opened(): Promise<void> {
    return this.#until(() => this.id !== 'unknown', this.#isGreeted ? PATIENCE_MS : HANGING_MS);
  }

  /** Waits for a fact, the end of the connection, or the time limit. */
  async #until(fact: () => boolean, patienceMs: number): Promise<void> {
    const deadline = performance.now() + patienceMs;
    while (!fact() && !this.isClosed && performance.now() < deadline) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, deadline - performance.now());
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  #read(data: Buffer): void {
    this.#input = Buffer.concat([this.#input, data]);
    if (this.id === 'unknown') {
      const end = this.#input.indexOf('\r\n\r\n');
      if (this.#input.subarray(0, 4).toString() === 'HTTP') {
        if (end < 0) return;
        // A broken handshake is answered with a page or a refusal: no frames will follow.
        if (!this.#input.subarray(0, 12).toString().endsWith(' 101')) {
          this.end();
          return;
        }
        this.#input = this.#input.subarray(end + 4);
      }
    }
    for (;;) {
      const [, second = 0] = this.#input;
      const kind = second & 127;
      const head = kind < 126 ? 2 : kind === 126 ? 4 : 10;
      if (this.#input.length < head) return;
      const length =
        kind < 126
          ? kind
          : kind === 126
            ? this.#input.readUInt16BE(2)
            : Number(this.#input.readBigUInt64BE(2));
      if (this.#input.length < head + length) return;
      const opcode = (this.#input[0] as number) & 15;
      const text = this.#input.toString('utf8', head, head + length);
      this.#input = this.#input.subarray(head + length);
      if (opcode === PONG) this.#pongs += 1;
      if (opcode === 1) this.#received(text);
    }
  }

  #received(text: string): void {
    const parsed = JSON.parse(text);
    const message = Array.isArray(parsed) ? parsed[2] : parsed;
    if (Array.isArray(parsed)) this.#had = parsed[0];
    if (message.type === 'your_id') {
      this.id = message.id;
      this.#isNumbered = message.resume !== undefined;
      this.#issued.add(message.id);
    } else if (message.type === 'paired') this.#peer = message.peer_id;
    else if (message.type === 'peer_disconnected') this.#peer = undefined;
    if (message.from_peer === true) this.signals += 1;
    if (message.from_peer === true && this.#issued.has(message.from) && message.from !== this.#peer)
      this.strays.push(`${message.from} reached ${this.id}, whose peer is ${this.#peer}`);
  }
}
