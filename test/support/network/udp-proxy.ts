/**
 * A faulty network between two werift peers: on its way through signaling, every candidate of a peer is replaced by a
 * socket of the proxy, which passes packets on at once, late, or not at all. To the receiver, packets seem to come from
 * its peer's candidates.
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
  /** One of this many packets is lost; 0: none. */
  loseOneIn: number;
  isCut: boolean;
}

/** The proxy's socket that stands for a peer's socket and receives its packets. */
interface Front {
  readonly peer: string;
  readonly port: number;
  readonly socket: UdpSocket;
}

const healthy = (): Fault => ({ delayMs: 0, loseOneIn: 0, isCut: false });

export class UdpProxy {
  /** Packets that were passed on. */
  packets = 0;
  /** Packets that were lost. */
  lost = 0;
  /** By the ports of the peers' sockets, which are all on this machine. */
  readonly #fronts = new Map<number, Promise<Front>>();
  readonly #faults = new Map<string, Fault>();

  constructor() {
    running.push(this);
  }

  /** The platform for a peer of that name whose packets go through this proxy. */
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
            last = last.then(async () => socket.send(await this.redirect(text, peer)));
          },
          close: (code) => void last.then(() => socket.close(code)),
        };
      },
    };
  }

  /** The faults of that peer's packets; change them as needed. */
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

  /** A peer's message, in which every host candidate is replaced by a socket of the proxy; IPv6 ones lead nowhere. */
  async redirect(text: string, peer: string): Promise<string> {
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
      // A candidate that was not announced yet belongs to the other peer.
      const other = [...this.#faults.keys()].find((name) => name !== peer) ?? peer;
      const source = await this.#frontOf(from, other);
      const { delayMs, loseOneIn, isCut } = this.fault(source.peer);
      count += 1;
      if (isCut || (loseOneIn > 0 && scattered(count) % loseOneIn === 0)) {
        this.lost += 1;
        return;
      }
      this.packets += 1;
      // If the socket was closed meanwhile, the packet is lost.
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

/** Losses at regular intervals could hit every repetition of a packet whose sender doubles its wait each time. */
function scattered(count: number): number {
  return Math.imul(count, 0x9e37_79b1) >>> 16;
}
