/**
 * A network between two werift peers, and what goes wrong on it: every candidate that a peer tells the other one of is
 * replaced, on its way through signaling, by a socket of the proxy, which hands on what comes to it, late, or not at
 * all. Packets keep their meaning: whoever receives one sees it come from a candidate of its peer.
 */
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach } from '@jest/globals';
import { nodePlatform } from '../../../src/client/index.ts';
import type { Platform } from '../../../src/client/peer/platform.ts';

const LOOPBACK = '127.0.0.1';
const HOST_CANDIDATE = /candidate:(\S+) (\d+) udp (\d+) (\S+) (\d+) typ host/gi;

/** What happens to the packets of one peer. */
export interface Fault {
  delayMs: number;
  /** Of so many packets, one is lost; 0: none. */
  loseOneIn: number;
  isCut: boolean;
}

/** The proxy's socket for a socket of a peer, whose packets it takes the place of. */
interface Front {
  readonly peer: string;
  readonly port: number;
  readonly socket: UdpSocket;
}

const healthy = (): Fault => ({ delayMs: 0, loseOneIn: 0, isCut: false });

export class UdpProxy {
  /** Packets that were handed on. */
  packets = 0;
  /** Packets that were not. */
  lost = 0;
  /** By the ports of the peers' sockets: all of them are on this machine. */
  readonly #fronts = new Map<number, Promise<Front>>();
  readonly #faults = new Map<string, Fault>();

  constructor() {
    running.push(this);
  }

  /** What a peer of that name runs on, so that its packets go over this proxy. */
  platform(peer: string): Platform {
    this.fault(peer);
    return {
      ...nodePlatform,
      openSocket: (url, handlers) => {
        const socket = nodePlatform.openSocket(url, handlers);
        let last = Promise.resolve();
        return {
          ...socket,
          send: (text) => {
            last = last.then(async () => socket.send(await this.#redirect(text, peer)));
          },
          close: (code) => void last.then(() => socket.close(code)),
        };
      },
    };
  }

  /** What happens to that peer's packets; change it as you like. */
  fault(peer: string): Fault {
    const fault = this.#faults.get(peer) ?? healthy();
    this.#faults.set(peer, fault);
    return fault;
  }

  /** Nothing gets through from now on. */
  cut(): void {
    for (const fault of this.#faults.values()) fault.isCut = true;
  }

  heal(): void {
    for (const fault of this.#faults.values()) Object.assign(fault, healthy());
  }

  async close(): Promise<void> {
    this.cut();
    for (const front of this.#fronts.values()) (await front).socket.close();
  }

  /** Every host candidate in a message of a peer's becomes a socket of the proxy; those of IPv6 lead nowhere. */
  async #redirect(text: string, peer: string): Promise<string> {
    const fronts = new Map<number, number>();
    for (const [, , , , host, port] of text.matchAll(HOST_CANDIDATE)) {
      if (host?.includes('.'))
        fronts.set(Number(port), (await this.#frontOf(Number(port), peer)).socket.address().port);
    }
    return text.replace(HOST_CANDIDATE, (_, foundation, component, priority, host, port) => {
      const [to, at] = host.includes('.') ? [LOOPBACK, fronts.get(Number(port))] : ['::', 9];
      return `candidate:${foundation} ${component} udp ${priority} ${to} ${at} typ host`;
    });
  }

  #frontOf(port: number, peer: string): Promise<Front> {
    const known = this.#fronts.get(port);
    if (known) return known;
    const front = this.#open(port, peer);
    this.#fronts.set(port, front);
    return front;
  }

  async #open(port: number, peer: string): Promise<Front> {
    const socket = createSocket('udp4');
    let count = 0;
    socket.on('message', async (packet, { port: from }) => {
      // One that was not announced yet belongs to the other peer.
      const other = [...this.#faults.keys()].find((name) => name !== peer) ?? peer;
      const source = await this.#frontOf(from, other);
      const { delayMs, loseOneIn, isCut } = this.fault(source.peer);
      count += 1;
      if (isCut || (loseOneIn > 0 && scattered(count) % loseOneIn === 0)) {
        this.lost += 1;
        return;
      }
      this.packets += 1;
      // A socket that was closed meanwhile is a packet that is lost.
      const handOn = () => source.socket.send(packet, port, LOOPBACK, () => {});
      if (delayMs > 0) setTimeout(() => !this.fault(source.peer).isCut && handOn(), delayMs);
      else handOn();
    });
    socket.bind(0, LOOPBACK);
    await once(socket, 'listening');
    return { peer, port, socket };
  }
}

const running: UdpProxy[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((proxy) => proxy.close()));
});

/** Losses at even distances can meet every repetition of a packet whose sender waits twice as long each time. */
function scattered(count: number): number {
  return Math.imul(count, 0x9e37_79b1) >>> 16;
}
