/**
 * The clients of y-webrtc and of Trystero's relay, each at its own path. Neither wire has error messages: invalid
 * messages are ignored, counted and logged, and a client that exceeds a limit is closed with a reason.
 */
import {
  closeCodes,
  MAX_TOPIC_CHARS,
  readTopicRequest,
  type TopicRequest,
  type TopicWire,
} from '../../../protocol/index.ts';
import { type SocketRouteDeps, serveSockets } from '../../admission/serve-sockets.ts';
import { serveGet, TEXT } from '../../http/answer.ts';
import type { App } from '../../http/shell/shell.ts';
import { sessionIdOn } from '../../node-id.ts';
import type { Signaling } from '../../signaling/signaling.ts';
import type { SubscribeVerdict, TopicCarrier, Topics } from '../../signaling/topics/topics.ts';
import type { Chaos } from '../chaos.ts';
import { JsonInbox } from '../json-inbox.ts';
import type { SocketClientDeps } from '../socket-client.ts';
import { withField } from '../with-field.ts';
import { TopicClient, type TopicSocket, type TopicSocketData } from './topic-client.ts';

export interface TopicsDeps extends SocketRouteDeps {
  readonly signaling: Signaling;
  readonly topics: Topics;
  readonly chaos?: Chaos | undefined;
}

const REASONS: { readonly [V in Exclude<SubscribeVerdict, 'ok'>]: string } = {
  too_many_topics: 'You subscribe to more topics than a client may (--max-topics-per-client)',
  too_many_subscriptions: 'There are as many subscriptions as the server takes (--max-subscriptions)',
  topic_full: 'The topic has as many subscribers as it may (--max-subscribers-per-topic)',
};

const TOO_LONG = `A topic has at most ${MAX_TOPIC_CHARS} characters`;
const DELIVERED = 'Your address publishes more than it may (--max-delivered-bytes-per-second)';

export function serveTopics(app: App, deps: TopicsDeps): void {
  // The app frames a published message once for all subscribers, and batches what a client gets within one turn.
  const carrier: TopicCarrier = { publish: (topic, frame) => void app.publish(topic, frame, false) };
  for (const wire of Object.keys(readTopicRequest) as TopicWire[])
    new TopicRoute(wire, deps, carrier).addTo(app);
}

class TopicRoute {
  readonly #wire: TopicWire;
  readonly #deps: TopicsDeps;
  readonly #clientDeps: SocketClientDeps & { readonly carrier: TopicCarrier };
  readonly #inbox: JsonInbox<TopicSocketData>;

  constructor(wire: TopicWire, deps: TopicsDeps, carrier: TopicCarrier) {
    this.#wire = wire;
    this.#deps = deps;
    this.#inbox = new JsonInbox(deps, wire);
    const { options, telemetry, signaling } = deps;
    const { metrics, refusals } = telemetry;
    this.#clientDeps = {
      carrier,
      maxUnsentBytes: options.maxUnsentBytes,
      queued: (bytes) => signaling.waiting.added(bytes),
      sent: (bytes) => {
        metrics.bytesSent += bytes;
      },
      unread: (address) => {
        metrics.refused.add('unsent_bytes');
        refusals.warn('unsent_bytes', address, `Closed a ${wire} client that does not read what it is sent`);
      },
    };
  }

  addTo(app: App): void {
    const path = `/${this.#wire}`;
    serveGet(app, path, () => ({ headers: [TEXT], body: 'okay' }));
    serveSockets<TopicSocketData>(app, path, this.#deps, {
      dataOf: (_req, address) => ({ client: undefined, address }),
      opened: (socket) => this.#opened(socket),
      received: (socket, bytes) => this.#handle(socket, (client) => this.#received(client, bytes)),
      controlled: (socket, bytes) => this.#handle(socket, (client) => void this.#inbox.count(client, bytes)),
      closed: (socket, code) => this.#closed(socket, code),
      dropped: (socket) => {
        const { client } = socket.getUserData();
        client?.noteUnread();
        // Deferred, since the app may be publishing to other clients at this moment.
        setImmediate(() => client?.endUnread());
      },
    });
  }

  #opened(socket: TopicSocket): void {
    const { signaling, topics, options } = this.#deps;
    const client = new TopicClient(this.#wire, socket, topics, this.#clientDeps);
    socket.getUserData().client = client;
    client.session = signaling.sessions.open(sessionIdOn(options.node), client);
  }

  #handle(socket: TopicSocket, handle: (client: TopicClient) => void): void {
    this.#inbox.guard(socket.getUserData().client, socket, handle);
  }

  #closed(socket: TopicSocket, code: number): void {
    const { client } = socket.getUserData();
    if (!client?.session) return;
    client.socket = undefined;
    this.#deps.signaling.sessions.disconnected(client.session, code === closeCodes.normal);
  }

  #received(client: TopicClient, bytes: ArrayBuffer): void {
    const message = this.#inbox.read(client, bytes);
    if (message === undefined) return;
    const request = readTopicRequest[this.#wire](message);
    if (request) this.#accept(client, request, message, bytes);
    else this.#inbox.passOver(client, 'invalid_message');
  }

  #accept(client: TopicClient, request: TopicRequest, message: unknown, bytes: ArrayBuffer): void {
    const { topics, telemetry, chaos } = this.#deps;
    telemetry.metrics.received.add(request.type);
    switch (request.type) {
      case 'ping':
        client.write(PONG);
        return;
      case 'subscribe':
        for (const topic of request.topics) if (!this.#subscribe(client, topic)) return;
        return;
      case 'unsubscribe':
        this.#unsubscribe(client, request.topics);
        return;
      case 'publish': {
        const topic = this.#nameOf(request.topic);
        const frame = encode[this.#wire](message as Published, bytes, topics.sizeOf(topic));
        const publish = () => {
          if (!topics.publish(client.address, topic, frame))
            this.#inbox.refuse('delivered_bytes', client.address, DELIVERED);
        };
        // The content of published messages is not inspected.
        if (chaos) chaos.pass('signal', frame, publish);
        else publish();
      }
    }
  }

  /** @returns false if that ended the client */
  #subscribe(client: TopicClient, topic: string): boolean {
    const { topics } = this.#deps;
    const isTooLong = topic.length > MAX_TOPIC_CHARS;
    const verdict = isTooLong ? 'topic_too_long' : topics.subscribe(client, this.#nameOf(topic));
    if (verdict === 'ok') return true;
    const reason = verdict === 'topic_too_long' ? TOO_LONG : REASONS[verdict];
    this.#inbox.refuse(verdict, client.address, reason);
    client.end(closeCodes.policyViolation, reason);
    return false;
  }

  /**
   * Each subscription that ends counts like a message, since all nodes are told: a client that subscribes to many topics
   * and unsubscribes again and again would cost twenty times as much as one that publishes as often.
   */
  #unsubscribe(client: TopicClient, all: readonly string[]): void {
    const { topics, signaling, options } = this.#deps;
    const before = client.topics.size;
    for (const topic of all) topics.unsubscribe(client, this.#nameOf(topic));
    client.rate.spend(signaling.queue.now, before - client.topics.size, options);
  }

  /** Topics of the two wires are separate, since published messages have different formats. */
  #nameOf(topic: string): string {
    return `${this.#wire}/${topic}`;
  }
}

const PONG = JSON.stringify({ type: 'pong' });

interface Published {
  readonly topic: string;
  readonly payload?: unknown;
}

/**
 * A published message as its subscribers get it.
 * @param subscribers how many there are at this node
 */
const encode: {
  readonly [W in TopicWire]: (message: Published, bytes: ArrayBuffer, subscribers: number) => Buffer;
} = {
  'y-webrtc': (_message, bytes, subscribers) => withField(bytes, `"clients":${subscribers}`, true),
  trystero: ({ topic, payload }) => Buffer.from(JSON.stringify({ topic, payload })),
};
