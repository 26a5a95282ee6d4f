/**
 * Nodes of a cluster without sockets, on a bus that loses, delays, duplicates and reorders messages as the test wants,
 * in simulated time: the servers are real, the sockets and the network are not.
 */
import { pino } from 'pino';
import type { Bus, BusHandlers } from '../../../src/server/cluster/bus/bus.ts';
import type { ListenDeps } from '../../../src/server/dialects/native/listen.ts';
import type { SocketKind } from '../../../src/server/dialects/native/native-client.ts';
import type { SocketHandlers } from '../../../src/server/dialects/native/routes.ts';
import { type SignalingServer, startServer } from '../../../src/server/index.ts';
import { observeHost } from '../../../src/server/inspector/observe-host.ts';
import type { NodeId } from '../../../src/server/node-id.ts';
import { ManualClock } from '../../../src/testing/manual-clock.ts';
import { SimulatedSocket } from '../../../src/testing/network/simulated-socket.ts';
import { noteTransitions } from '../machines/transition-coverage.ts';

/** A message in flight on the bus. */
interface Datagram {
  readonly to: NodeId;
  readonly text: string;
}

export class LossyNetwork {
  readonly #underWay: Datagram[] = [];
  readonly #turnEnds: (() => void)[] = [];
  readonly #handlers = new Map<NodeId, BusHandlers>();
  /**
   * Whether a node's messages of one turn travel together, as real nodes send them, or each one alone, so that each can
   * be lost alone.
   */
  sendsTogether = false;

  get underWay(): Datagram[] {
    for (const send of this.#turnEnds.splice(0)) send();
    return this.#underWay;
  }

  bus(node: NodeId): Bus {
    return {
      hasBroker: true,
      start: async (handlers) => {
        this.#handlers.set(node, handlers);
        handlers.up();
      },
      send: (to, text) => {
        if (this.#handlers.has(node)) this.#underWay.push({ to, text });
      },
      endOfTurn: (send) => {
        if (this.sendsTogether) this.#turnEnds.push(send);
        else send();
      },
      broadcast: (text) => {
        if (!this.#handlers.has(node)) return;
        for (const to of this.#handlers.keys()) if (to !== node) this.#underWay.push({ to, text });
      },
      stop: async () => {
        this.#handlers.delete(node);
      },
    };
  }

  /**
   * Delivers a message in flight.
   * @param isDoubled whether it also stays in flight
   */
  deliver(index: number, isDoubled = false): void {
    const [datagram] = this.underWay.splice(index % this.underWay.length, 1);
    if (!datagram) return;
    if (isDoubled) this.underWay.push(datagram);
    this.#handlers.get(datagram.to)?.received(datagram.text);
  }

  /** The node is gone; its messages stay in flight. */
  kill(node: NodeId): void {
    this.#handlers.delete(node);
  }

  lose(index: number): void {
    this.underWay.splice(index % this.underWay.length, 1);
  }

  /** @param except messages for that node stay in flight */
  deliverAll(except?: NodeId): void {
    for (let bound = 0; ; bound += 1) {
      if (bound > 20_000) throw new Error('the nodes do not stop talking');
      const next = this.underWay.findIndex(({ to }) => to !== except);
      if (next < 0) return;
      this.deliver(next);
    }
  }
}

export interface SimulatedNode {
  readonly id: NodeId;
  readonly server: SignalingServer;
  readonly clock: ManualClock;
  readonly handlers: SocketHandlers;
  isDead: boolean;
}

const silent = pino({ level: 'silent' });

/** Of a node so busy that each client that was lost or comes back, and each session that moves, waits for a turn. */
class BusyClock extends ManualClock {
  #spent = 0;

  override now(): number {
    this.#spent += 3;
    return super.now() + this.#spent;
  }
}

export async function startSimulatedNode(
  node: NodeId,
  network: LossyNetwork,
  isBusy = false,
): Promise<SimulatedNode> {
  const clock = isBusy ? new BusyClock() : new ManualClock();
  let handlers: SocketHandlers | undefined;
  const listen = async (_deps: ListenDeps, connections: SocketHandlers) => {
    handlers = connections;
    return { port: 0, renewCertificate: async () => false, close: async () => {} };
  };
  const server = await startServer(
    { node, secret: 'of all nodes', inspect: false, maxMessagesPerSecond: 0 },
    { bus: network.bus(node), clock, listen, log: silent },
  );
  for (const host of [
    server.parts.sessionHost,
    server.parts.pairingHost,
    server.parts.remotePairings.remoteHost,
    server.parts.signaling.rooms.host,
    server.parts.signaling.rooms.edges.host,
  ])
    observeHost(host as typeof server.parts.sessionHost, noteTransitions);
  if (server.parts.cluster) observeHost(server.parts.cluster.links.host, noteTransitions);
  return { id: node, server, clock, handlers: handlers as SocketHandlers, isDead: false };
}

/**
 * A client's end of a socket: what it sends arrives when {@link flush} is called, never within what the server is
 * doing.
 */
export class ClientSocket {
  readonly #sent: string[] = [];
  readonly #socket: SimulatedSocket;
  #isCut = false;

  /** @param peers how many peers its client asks for; undefined: it does not ask */
  constructor(
    { handlers }: SimulatedNode,
    kind: SocketKind,
    peers: number | undefined,
    onFrame: (frame: string) => void,
  ) {
    const request = { kind, peers, isKeyOnly: false, token: undefined };
    this.#socket = new SimulatedSocket(handlers, request, { received: onFrame, closed: () => {} });
  }

  get isOpen(): boolean {
    return !this.#isCut && this.#socket.isOpen;
  }

  send(frame: string): void {
    this.#sent.push(frame);
  }

  flush(): void {
    for (let frame = this.#sent.shift(); frame !== undefined; frame = this.#sent.shift())
      if (!this.#isCut) this.#socket.receive(frame);
  }

  /** The other end is gone silently: its node notices nothing. */
  cut(): void {
    this.#isCut = true;
  }

  close(code: number): void {
    if (!this.#isCut) this.#socket.close(code);
  }
}
