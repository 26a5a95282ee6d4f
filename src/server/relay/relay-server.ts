/** A server of the relay network over TCP: accepts links, keeps one to its parent, and steps their machines. */
import { createServer, type Server, type Socket } from 'node:net';
import { type Address, formatAddress } from '../../common/address.ts';
import { type Clock, driveTimers } from '../../common/clock.ts';
import { nodeClock } from '../../common/node-clock.ts';
import { type CloseReason, StepQueue } from '../../machines/index.ts';
import { boundedLog } from '../telemetry/bounded-log.ts';
import type { Logger } from '../telemetry/logger.ts';
import { ParentDialer } from './parent-dialer.ts';
import type { RelayIdentity, RelayLink, RelayNodeOptions } from './relay-link.ts';
import { RelayNode } from './relay-node.ts';
import { DEFAULT_MAX_UNSENT_BYTES, RelaySocket } from './relay-socket.ts';
import { relayView } from './relay-view.ts';

export interface RelayServerOptions extends RelayIdentity {
  /** 0: any free port; undefined for a server without children and clients. */
  readonly port: number | undefined;
  readonly host: string;
  /** The server to connect to; undefined for the first server of a network. */
  readonly parent?: Address | undefined;
  readonly log: Logger;
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly maxUnsentBytes?: number;
  /** 0: no limit. */
  readonly maxLinks?: number;
  readonly onChat?: RelayNodeOptions['onChat'];
  readonly onStatus?: RelayNodeOptions['onStatus'];
  /** The parent accepted this server. */
  readonly onParentUp?: () => void;
  /** The parent cannot be reached, or was lost; it will be dialed again. */
  readonly onParentDown?: (why: 'away' | 'id in use') => void;
}

/** Links that closed because of this server's id. */
const idReasons: ReadonlySet<CloseReason> = new Set([
  'registration refused',
  'the parent has an id that is known here already',
  'the parent knows this server by another way',
]);

export class RelayServer {
  readonly node: RelayNode;
  readonly clock: Clock;
  readonly #options: RelayServerOptions;
  readonly #queue: StepQueue;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #dialer: ParentDialer | undefined;
  #stopTimers: (() => void) | undefined;
  /** Resolves when the start is over, even if it failed. */
  #started: Promise<unknown> = Promise.resolve();

  /** @throws {RangeError} if the id, name or info does not fit the protocol */
  constructor(options: RelayServerOptions) {
    const { parent } = options;
    this.clock = options.clock ?? nodeClock;
    const log = boundedLog(options.log, () => this.clock.now());
    this.#options = { ...options, log };
    this.#queue = new StepQueue(this.clock);
    this.node = new RelayNode({
      id: options.id,
      name: options.name,
      info: options.info,
      queue: this.#queue,
      log,
      wallTime: () => this.clock.wallTime(),
      onLinkClosed: (link, reason) => this.#onLinkClosed(link, reason),
      onParentAdopted: () => {
        this.#dialer?.succeeded();
        options.onParentUp?.();
      },
      onChat: options.onChat,
      onStatus: options.onStatus,
      onParentQuit: (content) => this.#dialer?.attachTo(content),
    });
    this.#server = createServer((socket) => this.#serve(socket, (port) => this.node.accept(port)));
    if (options.maxLinks) this.#server.maxConnections = options.maxLinks;
    if (parent)
      this.#dialer = new ParentDialer({
        address: parent,
        queue: this.#queue,
        log,
        random: options.random ?? Math.random,
        onConnected: (socket) => this.#serve(socket, (port) => this.node.register(port)),
        onFailed: () => options.onParentDown?.('away'),
      });
  }

  /**
   * Listens, then connects to the parent in the background.
   * @returns the port that it listens on
   * @throws the system's error if it cannot listen there
   */
  start(): Promise<number> {
    const starting = this.#start();
    this.#started = starting.catch(() => {});
    return starting;
  }

  async #start(): Promise<number> {
    if (this.#options.port !== undefined) await this.#listen();
    this.#server.on('error', (err) =>
      this.#options.log.error({ event: 'relay_accept_failed', err }, 'cannot accept links'),
    );
    this.#stopTimers = driveTimers(this.#queue.timers, this.clock);
    this.#dialer?.dial();
    return this.port;
  }

  async #listen(): Promise<void> {
    const { host, port } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ host, port }, () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
  }

  get port(): number {
    const address = this.#server.address();
    return address && typeof address === 'object' ? address.port : 0;
  }

  /** The answer to `GET /api/relay`. */
  view() {
    return relayView(this.node);
  }

  /** Tells its neighbours that it quits: its children attach to its parent. Resolves when every link is closed. */
  async stop(): Promise<void> {
    await this.#started;
    const parent = this.node.linkToParent();
    // The protocol has only the replacement's id; its address is put into the text, for our own servers.
    const where = parent && this.#dialer ? formatAddress(this.#dialer.address) : '';
    this.node.stop(parent?.context.hostId ?? 0, where);
    await this.#close();
  }

  /** Ends the link to a silent parent, and dials again. */
  cutParent(): void {
    const parent = this.node.linkToParent();
    if (parent) this.node.host.dispatch(parent, { type: 'UNSENT_EXCEEDED' });
  }

  /** Ends at once without a goodbye, as a crash would. */
  async kill(): Promise<void> {
    await this.#started;
    for (const socket of this.#sockets) socket.destroy();
    await this.#close();
  }

  async #close(): Promise<void> {
    this.#dialer?.stop();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
    await Promise.all(
      [...this.#sockets].map((socket) => new Promise((resolve) => socket.once('close', resolve))),
    );
    this.#stopTimers?.();
  }

  #serve(socket: Socket, open: (port: RelaySocket) => RelayLink): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    const port = new RelaySocket(
      socket,
      this.#options.maxUnsentBytes ?? DEFAULT_MAX_UNSENT_BYTES,
      this.clock,
    );
    const link = open(port);
    const send = this.node.host.dispatch.bind(this.node.host, link);
    port.start({
      onMessage: (message) => this.node.receive(link, message),
      onBytesRefused: (reason) => send({ type: 'BYTES_REFUSED', reason }),
      onUnsentExceeded: () => send({ type: 'UNSENT_EXCEEDED' }),
      onClosed: () => send({ type: 'SOCKET_CLOSED' }),
    });
  }

  #onLinkClosed(link: RelayLink, reason: CloseReason): void {
    if (!link.context.isParent) return;
    const wasRefused = reason === 'registration refused';
    if (wasRefused)
      this.#options.log.error(
        { event: 'relay_parent_refused', id: this.#options.id },
        'the parent refused this server: its id is in use. Give it another --id (--node in a cluster), unless a dead link of it is about to end',
      );
    this.#dialer?.retry({ wasRefused });
    this.#options.onParentDown?.(idReasons.has(reason) ? 'id in use' : 'away');
  }
}
