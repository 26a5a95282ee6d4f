/**
 * The bus between the workers of one `pairlane serve`: each worker has a channel to the process that started it, which
 * forwards messages to their receivers. Nothing leaves the machine, and nobody else can join.
 */
import type { NodeId } from '../../../node-id.ts';
import type { Bus, BusHandlers } from '../bus.ts';
import { DuplicateNodeError } from '../bus-errors.ts';
import type { LocalBus, LocalBusHub } from '../local-bus.ts';

/** What a worker asks the hub to do. */
export type BusRequest =
  | { readonly do: 'join'; readonly node: NodeId }
  | { readonly do: 'send'; readonly to: NodeId; readonly text: string }
  | { readonly do: 'broadcast'; readonly text: string }
  | { readonly do: 'leave' };

/** What the hub tells a worker. */
export type BusNotice =
  | { readonly is: 'joined' }
  | { readonly is: 'refused' }
  | { readonly is: 'received'; readonly text: string }
  | { readonly is: 'unreachable'; readonly node: NodeId }
  | { readonly is: 'up' }
  | { readonly is: 'down'; readonly reason: string };

/** The worker's end: the bus of its node. */
export class WorkerBus implements Bus {
  // The process that carries the messages is not one of the nodes.
  readonly hasBroker = true;
  readonly #node: NodeId;
  readonly #ask: (request: BusRequest) => void;
  #handlers: BusHandlers | undefined;
  #isUp = false;
  #answered: ((error?: Error) => void) | undefined;

  /** @param ask passes a request to the hub, in order */
  constructor(node: NodeId, ask: (request: BusRequest) => void) {
    this.#node = node;
    this.#ask = ask;
  }

  start(handlers: BusHandlers): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#handlers = handlers;
      this.#answered = (error) => (error ? reject(error) : resolve());
      this.#ask({ do: 'join', node: this.#node });
    });
  }

  /** Handles a notice from the hub. */
  told(notice: BusNotice): void {
    switch (notice.is) {
      case 'joined':
        this.#answered?.();
        return;
      case 'refused':
        this.#answered?.(new DuplicateNodeError(this.#node));
        return;
      case 'received':
        this.#handlers?.received(notice.text);
        return;
      case 'unreachable':
        this.#handlers?.unreachable(notice.node);
        return;
      case 'up':
        this.#isUp = true;
        this.#handlers?.up();
        return;
      case 'down':
        this.#isUp = false;
        this.#handlers?.down(notice.reason);
        return;
    }
  }

  send(to: NodeId, text: string): void {
    if (this.#handlers && this.#isUp) this.#ask({ do: 'send', to, text });
  }

  broadcast(text: string): void {
    if (this.#handlers && this.#isUp) this.#ask({ do: 'broadcast', text });
  }

  async stop(): Promise<void> {
    if (!this.#handlers) return;
    this.#handlers = undefined;
    this.#ask({ do: 'leave' });
  }
}

/** The hub's end of one worker. */
export class WorkerSeat {
  readonly #hub: LocalBusHub;
  readonly #tell: (notice: BusNotice) => void;
  #bus: LocalBus | undefined;

  /** @param tell passes a notice to the worker, in order */
  constructor(hub: LocalBusHub, tell: (notice: BusNotice) => void) {
    this.#hub = hub;
    this.#tell = tell;
  }

  asked(request: BusRequest): void {
    switch (request.do) {
      case 'join':
        void this.#join(request.node);
        return;
      case 'send':
        this.#bus?.send(request.to, request.text);
        return;
      case 'broadcast':
        this.#bus?.broadcast(request.text);
        return;
      case 'leave':
        this.leave();
        return;
    }
  }

  /** The worker leaves, or has died. */
  leave(): void {
    void this.#bus?.stop();
  }

  async #join(node: NodeId): Promise<void> {
    const tell = this.#tell;
    const bus = this.#hub.bus(node);
    this.#bus = bus;
    try {
      await bus.start({
        received: (text) => tell({ is: 'received', text }),
        unreachable: (missing) => tell({ is: 'unreachable', node: missing }),
        up: () => tell({ is: 'up' }),
        down: (reason) => tell({ is: 'down', reason }),
      });
      tell({ is: 'joined' });
    } catch {
      tell({ is: 'refused' });
    }
  }
}
