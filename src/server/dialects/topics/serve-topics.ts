/**
 * The clients of y-webrtc and of Trystero's relay, each at a path of its own. Neither wire knows an error: what is
 * wrong is passed over, counted and logged, and who goes over a limit is closed with a reason.
 */
import { shapeFault } from '../../../common/message-shape.ts';
import {
  closeCodes,
  errorMessages,
  MAX_TOPIC_CHARS,
  readTopicRequest,
  type TopicRequest,
  type TopicWire,
} from '../../../protocol/index.ts';
import { type SocketRouteDeps, serveSockets } from '../../admission/serve-sockets.ts';
import { serveGet, TEXT } from '../../http/answer.ts';
import type { TemplatedApp } from '../../http/uws.ts';
import { type NodeId, sessionIdOn } from '../../node-id.ts';
import type { Signaling } from '../../signaling/signaling.ts';
import type { SubscribeVerdict, Topics } from '../../signaling/topics/topics.ts';
import type { RefusalLog } from '../../telemetry/refusal-log.ts';
import type { SocketClientDeps } from '../socket-client.ts';
import { TopicClient, type TopicSocket, type TopicSocketData } from './topic-client.ts';

export interface TopicsDeps extends SocketRouteDeps {
  readonly node: NodeId;
  readonly signaling: Signaling;
  readonly topics: Topics;
  readonly refusals: RefusalLog;
}

const REASONS: { readonly [V in Exclude<SubscribeVerdict, 'ok'>]: string } = {
  too_many_topics: 'You subscribe to more topics than a client may (--max-topics-per-client)',
  too_many_subscriptions: 'There are as many subscriptions as the server takes (--max-subscriptions)',
  topic_full: 'The topic has as many subscribers as it may (--max-subscribers-per-topic)',
};

const TOO_LONG = `A topic has at most ${MAX_TOPIC_CHARS} characters`;
const DELIVERED = 'Your address publishes more than it may (--max-delivered-bytes-per-second)';

/** Upstream's servers take text in binary frames, too; what is no text must not reach a subscriber as some. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function serveTopics(app: TemplatedApp, deps: TopicsDeps): void {
  for (const wire of Object.keys(readTopicRequest) as TopicWire[]) new TopicRoute(wire, deps).addTo(app);
}

class TopicRoute {
  readonly #wire: TopicWire;
  readonly #deps: TopicsDeps;
  readonly #clientDeps: SocketClientDeps;

  constructor(wire: TopicWire, deps: TopicsDeps) {
    this.#wire = wire;
    this.#deps = deps;
    const { options, metrics, refusals } = deps;
    this.#clientDeps = {
      maxUnsentBytes: options.maxUnsentBytes,
      sent: (bytes) => {
        metrics.bytesSent += bytes;
      },
      unread: (address) => {
        metrics.refused.add('unsent_bytes');
        refusals.warn('unsent_bytes', address, `Closed a ${wire} client that does not read what it is sent`);
      },
    };
  }

  addTo(app: TemplatedApp): void {
    const path = `/${this.#wire}`;
    serveGet(app, path, () => ({ headers: [TEXT], body: 'okay' }));
    serveSockets<TopicSocketData>(app, path, this.#deps, {
      dataOf: (_req, address) => ({ client: undefined, address }),
      opened: (socket) => this.#opened(socket),
      received: (socket, bytes) => this.#guard(socket, (client) => this.#received(client, bytes)),
      controlled: (socket, bytes) => this.#guard(socket, (client) => void this.#take(client, bytes)),
      closed: (socket, code) => this.#closed(socket, code),
    });
  }

  #opened(socket: TopicSocket): void {
    const { signaling, topics, node } = this.#deps;
    const client = new TopicClient(this.#wire, socket, topics, this.#clientDeps);
    socket.getUserData().client = client;
    client.session = signaling.sessions.open(sessionIdOn(node), client);
  }

  /** Whatever throws inside a handler would end the process, and everybody's session with it. */
  #guard(socket: TopicSocket, handle: (client: TopicClient) => void): void {
    const { client } = socket.getUserData();
    if (!client?.session || !client.socket) return;
    try {
      handle(client);
    } catch (error) {
      this.#deps.signaling.sessions.fail(client.session, error, 'receive');
    }
  }

  #closed(socket: TopicSocket, code: number): void {
    const { client } = socket.getUserData();
    // A socket that we ended is no longer the client's.
    if (!client?.session || client.socket !== socket) return;
    client.socket = undefined;
    this.#deps.signaling.sessions.disconnected(client.session, code === closeCodes.normal);
  }

  #received(client: TopicClient, bytes: ArrayBuffer): void {
    if (!this.#take(client, bytes.byteLength)) return;
    const { maxMessageBytes } = this.#deps.options;
    if (maxMessageBytes > 0 && bytes.byteLength > maxMessageBytes) {
      this.#passOver(client, 'message_too_large');
      return;
    }
    let message: unknown;
    try {
      message = JSON.parse(utf8.decode(bytes));
    } catch {
      this.#passOver(client, 'invalid_json');
      return;
    }
    const request = shapeFault(message) ? undefined : readTopicRequest[this.#wire](message);
    if (request) this.#accept(client, request, message, bytes);
    else this.#passOver(client, 'invalid_message');
  }

  #accept(client: TopicClient, request: TopicRequest, message: unknown, bytes: ArrayBuffer): void {
    const { topics, metrics } = this.#deps;
    metrics.received.add(request.type);
    switch (request.type) {
      case 'ping':
        client.write(PONG);
        return;
      case 'subscribe':
        for (const topic of request.topics) if (!this.#subscribe(client, topic)) return;
        return;
      case 'unsubscribe':
        for (const topic of request.topics) topics.unsubscribe(client, this.#nameOf(topic));
        return;
      case 'publish': {
        const topic = this.#nameOf(request.topic);
        const frame = encode[this.#wire](message as Published, bytes, topics.sizeOf(topic));
        if (topics.publish(client.address, topic, frame)) return;
        this.#refuse(client, 'delivered_bytes', DELIVERED);
      }
    }
  }

  /** @returns false when that ended the client */
  #subscribe(client: TopicClient, topic: string): boolean {
    const { topics } = this.#deps;
    const isTooLong = topic.length > MAX_TOPIC_CHARS;
    const verdict = isTooLong ? 'topic_too_long' : topics.subscribe(client, this.#nameOf(topic));
    if (verdict === 'ok') return true;
    const reason = verdict === 'topic_too_long' ? TOO_LONG : REASONS[verdict];
    this.#refuse(client, verdict, reason);
    client.end(closeCodes.policyViolation, reason);
    return false;
  }

  /** A topic of one wire is none of the other: what is published to it has another form. */
  #nameOf(topic: string): string {
    return `${this.#wire}/${topic}`;
  }

  #take(client: TopicClient, bytes: number): boolean {
    const { signaling, metrics, options } = this.#deps;
    const { now } = signaling.queue;
    metrics.bytesReceived += bytes;
    if (client.session) signaling.sessions.heard(client.session, now);
    const flood = client.rate.take(now, bytes, options);
    if (!flood) return true;
    const { code, isFirst, isLast } = flood;
    if (isFirst) this.#passOver(client, code);
    if (isLast) {
      metrics.refused.add('flood');
      client.end(closeCodes.policyViolation, errorMessages[code]);
    }
    return false;
  }

  #passOver(client: TopicClient, code: keyof typeof errorMessages): void {
    this.#refuse(client, code, errorMessages[code]);
  }

  #refuse({ address }: TopicClient, kind: string, reason: string): void {
    const { metrics, refusals } = this.#deps;
    metrics.refused.add(kind);
    refusals.warn(kind, address, `Refused a message of a ${this.#wire} client: ${reason}`);
  }
}

const PONG = JSON.stringify({ type: 'pong' });

interface Published {
  readonly topic: string;
  readonly payload?: unknown;
}

/** A publish as its subscribers get it. @param subscribers how many there are at this node */
const encode: {
  readonly [W in TopicWire]: (message: Published, bytes: ArrayBuffer, subscribers: number) => Buffer;
} = {
  /** The publisher's own bytes with `clients` put in at the end: of two fields of one name the last counts. */
  'y-webrtc': (_message, bytes, subscribers) => {
    const text = Buffer.from(bytes);
    const end = text.lastIndexOf('}');
    return Buffer.concat([text.subarray(0, end), Buffer.from(`,"clients":${subscribers}}`)]);
  },
  trystero: ({ topic, payload }) => Buffer.from(JSON.stringify({ topic, payload })),
};
