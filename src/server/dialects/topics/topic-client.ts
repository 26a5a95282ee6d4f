/**
 * A client that publishes and subscribes, as the core sees it. It has no pairings, and after a loss it subscribes
 * again.
 */
import type { TopicWire } from '../../../protocol/index.ts';
import type { WebSocket } from '../../http/shell/shell.ts';
import type { Subscriber, TopicCarrier, Topics } from '../../signaling/topics/topics.ts';
import { SocketClient, type SocketClientDeps } from '../socket-client.ts';

export interface TopicSocketData {
  client: TopicClient | undefined;
  readonly address: string;
}

export type TopicSocket = WebSocket<TopicSocketData>;

export class TopicClient extends SocketClient<TopicSocketData> implements Subscriber {
  readonly dialect: TopicWire;
  readonly isResumable = false;
  readonly topics = new Set<string>();
  readonly carrier: TopicCarrier;
  readonly #topics: Topics;

  constructor(
    wire: TopicWire,
    socket: TopicSocket,
    topics: Topics,
    deps: SocketClientDeps & { readonly carrier: TopicCarrier },
  ) {
    super(socket, socket.getUserData().address, deps);
    this.dialect = wire;
    this.#topics = topics;
    this.carrier = deps.carrier;
  }

  subscribed(topic: string): void {
    this.socket?.subscribe(topic);
  }

  unsubscribed(topic: string): void {
    this.socket?.unsubscribe(topic);
  }

  discard(): void {
    this.#topics.leave(this);
  }
}
