/** The hostile clients of a crowd: a table of acts, each on raw sockets with a made-up address. */
import { connect, type Socket } from 'node:net';
import { frame, payload, pingFrame, wholeMessage } from './frames.ts';
import type { Random } from './random.ts';

/** Part of everything that hostile clients send: no honest client may ever receive it. */
export const HOSTILE_MARK = 'said-by-a-hostile-client';

/** The time limit for an answer that may never come. */
const HANGING_MS = 500;
/** Sockets that are left open, so that later acts find them there. */
const MAX_LEFT_OPEN = 150;

const OFFER = JSON.stringify({ type: 'offer', sdp: 'x'.repeat(60_000), mark: HOSTILE_MARK });
const CANDIDATE = JSON.stringify({ type: 'candidate', candidate: null, mark: HOSTILE_MARK });

class HostileSocket {
  readonly socket: Socket;
  heard = '';
  #wake = () => {};

  constructor(port: number, request: string) {
    this.socket = connect(port, '127.0.0.1');
    this.socket.on('data', (data) => {
      this.heard += data.toString('latin1');
      this.#wake();
    });
    this.socket.on('error', () => {});
    this.socket.on('close', () => this.#wake());
    this.socket.write(request);
  }

  /** @returns the pattern's first group; undefined if it does not arrive */
  async hears(pattern: RegExp): Promise<string | undefined> {
    const until = performance.now() + HANGING_MS;
    while (!pattern.test(this.heard) && !this.socket.destroyed && performance.now() < until) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, until - performance.now());
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return pattern.exec(this.heard)?.[1];
  }

  id = () => this.hears(/"id":"([^"]+)"/);

  say(text: string, seq?: number): void {
    this.socket.write(frame(Buffer.from(seq === undefined ? text : `[${seq},0,${text}]`)));
  }
}

export class Hostile {
  /** Messages between honest clients that reached hostile ones. */
  readonly strays: string[] = [];
  readonly acts = new Map<string, number>();
  readonly #port: number;
  readonly #honestMark: string;
  readonly #honestIds: readonly string[];
  readonly #open: HostileSocket[] = [];

  /** @param honestMark part of everything that honest clients send */
  constructor(port: number, honestMark: string, honestIds: readonly string[]) {
    this.#port = port;
    this.#honestMark = honestMark;
    this.#honestIds = honestIds;
  }

  async act(random: Random): Promise<void> {
    const name = random.pick(Object.keys(this.#table));
    this.acts.set(name, (this.acts.get(name) ?? 0) + 1);
    await this.#table[name]?.(random);
    while (this.#open.length > MAX_LEFT_OPEN) this.#end(this.#open.shift());
  }

  end(): void {
    for (const one of this.#open.splice(0)) this.#end(one);
  }

  readonly #table: Readonly<Record<string, (random: Random) => Promise<void>>> = {
    spams: async (random) => {
      const one = this.#upgrade(random, random.pick(['/', '/?resume=1']));
      const id = (await one.id()) ?? 'unknown';
      for (let sent = 0; sent < 450; sent += 1)
        one.socket.write(wholeMessage(random, payload(random, id, [id, ...this.#honestIds])));
    },
    'is flooded and reads nothing': async (random) => {
      const [deaf, flooder] = [this.#upgrade(random, '/?resume=1'), this.#upgrade(random, '/')];
      const id = await deaf.id();
      deaf.socket.pause();
      if (!(await flooder.id())) return;
      flooder.say(JSON.stringify({ type: 'pair_request', target_id: id }));
      for (let sent = 0; sent < 40; sent += 1) flooder.say(OFFER);
    },
    'leaves what waits for it': async (random) => {
      const [away, peer] = [this.#upgrade(random, '/?resume=1'), this.#upgrade(random, '/?resume=1')];
      const id = await away.id();
      if (!(await peer.id())) return;
      peer.say(JSON.stringify({ type: 'pair_request', target_id: id }), 1);
      await peer.hears(/"(paired)"/);
      away.socket.destroy();
      for (let seq = 2; seq < 20; seq += 1) peer.say(OFFER, seq);
      peer.socket.end();
    },
    'comes back again and again': async (random) => {
      let one = this.#upgrade(random, '/?resume=1');
      const id = await one.id();
      for (let returns = 0; returns < 4; returns += 1) {
        const token = await one.hears(/"resume":"([^"]+)"/);
        if (!token) return;
        for (let seq = 1; seq < 250; seq += 1) one.say(CANDIDATE, returns * 250 + seq);
        one.socket.destroy();
        one = this.#upgrade(random, '/?resume=back');
        one.say(JSON.stringify({ type: 'resume', id, token, received: 0, unacked: 256 }));
      }
    },
    'begins frames and ends none': async (random) => {
      const one = this.#upgrade(random, '/');
      await one.id();
      one.socket.write(frame(Buffer.alloc(60_000, 'x'), { length: 65_000 }));
    },
    'pings and reads nothing': async (random) => {
      const one = this.#upgrade(random, '/');
      await one.id();
      one.socket.pause();
      one.socket.write(Buffer.concat(Array(2_000).fill(pingFrame('x'.repeat(120)))));
    },
    'guesses keys': async (random) => {
      const one = this.#upgrade(random, '/');
      await one.id();
      for (let n = 0; n < 30; n += 1)
        one.say(JSON.stringify({ type: 'pair_request', key: `0000-0000-${1_000 + random.below(9_000)}` }));
    },
    'posts packets of Socket.IO and fetches no answer': async (random) => {
      const path = '/socket.io/?EIO=4&transport=polling';
      const first = this.#ask(random, 'GET', path);
      const sid = await first.hears(/"sid":"([^"]+)"/);
      const body = ['40', ...Array(3_000).fill('40/x,')].join('\x1e');
      for (let posts = 0; sid && posts < 4; posts += 1) this.#ask(random, 'POST', `${path}&sid=${sid}`, body);
    },
    'joins a game of its own and signals': async (random) => {
      const one = this.#upgrade(random, '/socket.io/?EIO=4&transport=websocket');
      if (!(await one.hears(/"(sid)"/))) return;
      one.say('40');
      for (let n = 0; n < 300; n += 1) {
        const fields = { game_id: random.below(2_000), player_id: random.below(40), mark: HOSTILE_MARK };
        one.say(
          `42${n}${JSON.stringify([random.pick(['join_game', 'webrtc_signal', 'leave_game']), fields])}`,
        );
      }
    },
    'asks for files in a pipeline and reads nothing': async (random) => {
      const path = random.pick(['/pairlane.js', '/metrics', '/', '/inspect/', '/nothing']);
      const one = this.#ask(random, 'GET', path);
      one.socket.pause();
      one.socket.write(this.#request(random, 'GET', path).repeat(500));
    },
    'begins a request and ends none': async (random) => {
      this.#left(
        new HostileSocket(this.#port, this.#request(random, 'GET', '/').slice(0, -random.below(20) - 3)),
      );
    },
  };

  #upgrade(random: Random, path: string): HostileSocket {
    const upgrade =
      'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n';
    return this.#left(new HostileSocket(this.#port, this.#request(random, 'GET', path, upgrade)));
  }

  #ask(random: Random, method: string, path: string, body = ''): HostileSocket {
    const length = body && `Content-Type: text/plain\r\nContent-Length: ${body.length}\r\n`;
    return this.#left(new HostileSocket(this.#port, this.#request(random, method, path, length) + body));
  }

  /** Uses one of a few addresses, so that per-address limits come into play, too. */
  #request(random: Random, method: string, path: string, more = ''): string {
    const address = `198.51.100.${random.below(8)}`;
    return `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Forwarded-For: ${address}\r\n${more}\r\n`;
  }

  #left(one: HostileSocket): HostileSocket {
    this.#open.push(one);
    return one;
  }

  #end(one: HostileSocket | undefined): void {
    if (one?.heard.includes(this.#honestMark)) this.strays.push(one.heard.slice(-500));
    one?.socket.destroy();
  }
}
