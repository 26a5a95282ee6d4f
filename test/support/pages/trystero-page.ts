/**
 * Trystero in a page: its own core, unmodified, with a strategy for the relay's wire written here, since the package of
 * that strategy cannot be had everywhere.
 */
import { createTopicStrategy, makeSocket, type SocketClient, selfId } from '@trystero-p2p/core';

type Listener = (topic: string, message: never) => unknown;

interface Relay {
  readonly client: SocketClient;
  readonly listeners: Map<string, Set<Listener>>;
}

const say = ({ client }: Relay, message: object) => client.send(JSON.stringify(message));

export { selfId };

export const joinRoom = createTopicStrategy<Relay>({
  async init({ relayConfig }) {
    const listeners = new Map<string, Set<Listener>>();
    const client = makeSocket(
      relayConfig?.urls?.[0] ?? '',
      (data) => {
        const { topic, payload } = JSON.parse(data);
        for (const listener of listeners.get(topic) ?? []) listener(topic, payload as never);
      },
      () => {
        for (const topic of listeners.keys()) client.send(JSON.stringify({ type: 'subscribe', topic }));
      },
    );
    await client.ready;
    return { client, listeners };
  },
  subscribeTopic(relay, topic, onMessage) {
    const listeners = relay.listeners.get(topic) ?? new Set();
    relay.listeners.set(topic, listeners.add(onMessage as Listener));
    say(relay, { type: 'subscribe', topic });
    return () => {
      listeners.delete(onMessage as Listener);
      if (listeners.size > 0) return;
      relay.listeners.delete(topic);
      say(relay, { type: 'unsubscribe', topic });
    };
  },
  publishTopic: (relay, topic, payload) => say(relay, { type: 'publish', topic, payload }),
});
