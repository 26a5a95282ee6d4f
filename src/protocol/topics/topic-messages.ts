/**
 * The wires of publish/subscribe clients: y-webrtc's signaling and Trystero's relay. Both have hardly any structure, so
 * reading a message means looking at a few fields; the published content is opaque.
 */
import { isRecord } from '../schema.ts';

export type TopicRequest =
  | { readonly type: 'subscribe' | 'unsubscribe'; readonly topics: readonly string[] }
  | { readonly type: 'publish'; readonly topic: string }
  | { readonly type: 'ping' };

/** For a topic's name; a longer one is invalid. */
export const MAX_TOPIC_CHARS = 1_024;

export const DEFAULT_MAX_TOPICS_PER_CLIENT = 128;
export const DEFAULT_MAX_SUBSCRIPTIONS = 100_000;
export const DEFAULT_MAX_SUBSCRIBERS_PER_TOPIC = 1_000;
export const DEFAULT_MAX_DELIVERED_BYTES_PER_SECOND = 16 * 1024 * 1024;

/**
 * Reads a message of each wire.
 * @returns undefined for messages that are ignored
 */
export const readTopicRequest = {
  'y-webrtc': (message: unknown): TopicRequest | undefined => {
    if (!isRecord(message)) return undefined;
    const { type, topics, topic } = message;
    switch (type) {
      case 'subscribe':
      case 'unsubscribe':
        return { type, topics: Array.isArray(topics) ? topics.filter(isText) : [] };
      case 'publish':
        return isText(topic) && topic !== '' ? { type, topic } : undefined;
      case 'ping':
        return { type };
      default:
        return undefined;
    }
  },
  trystero: (message: unknown): TopicRequest | undefined => {
    if (!isRecord(message) || !isText(message.topic)) return undefined;
    const { type, topic } = message;
    if (type === 'subscribe' || type === 'unsubscribe') return { type, topics: [topic] };
    return type === 'publish' && message.payload !== undefined ? { type, topic } : undefined;
  },
} as const;

export type TopicWire = keyof typeof readTopicRequest;

function isText(value: unknown): value is string {
  return typeof value === 'string';
}
