/** Creates the bus that the options ask for. Its dependencies are loaded only then, so a single node pays nothing. */

import { tcpHosts } from '../../../common/listen-address.ts';
import type { NodeId } from '../../node-id.ts';
import { randomNodeId } from '../../node-id.ts';
import type { ServerOptions } from '../../options.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { type Bus, MAX_NODE_MESSAGE_BYTES } from './bus.ts';
import { BusError } from './bus-errors.ts';
import { checkNatsPrefix, parseNatsUrl } from './nats/nats-address.ts';
import { parseRelayParent } from './relay/relay-parent-address.ts';

export type BusOptions = Pick<
  ServerOptions,
  'host' | 'node' | 'nats' | 'natsPrefix' | 'relayPort' | 'relayConnect' | 'maxMessageBytes'
>;

/** Quoted as a text between nodes, a client's message may be twice as long; some of the rest is for what is around it. */
const MAX_CLIENT_MESSAGE_BYTES = MAX_NODE_MESSAGE_BYTES / 3;

/** @returns what is wrong with the options that a bus reads, one line per problem */
export function busProblems(options: BusOptions): string[] {
  const { nats, natsPrefix, relayPort, relayConnect, maxMessageBytes } = options;
  const asksForRelay = relayPort !== undefined || relayConnect !== undefined;
  const isTooLong = maxMessageBytes === 0 || maxMessageBytes > MAX_CLIENT_MESSAGE_BYTES;
  return [
    ...(nats !== undefined && asksForRelay
      ? ['--nats: cannot be used together with --relay-port or --relay-connect; choose one']
      : []),
    ...((nats !== undefined || asksForRelay) && isTooLong
      ? [`--max-message-bytes: should be at most ${MAX_CLIENT_MESSAGE_BYTES} in a cluster`]
      : []),
    ...problemIn(() => nats !== undefined && parseNatsUrl(nats)),
    ...problemIn(() => checkNatsPrefix(natsPrefix)),
    ...problemIn(() => parseRelayParent(relayConnect)),
  ];
}

/**
 * @returns this node's number, and its bus, not yet started; no bus for a server that runs alone
 * @throws {BusError} with the first of `busProblems`
 */
export async function createBus(options: BusOptions, log: Logger): Promise<{ node: NodeId; bus?: Bus }> {
  const [problem] = busProblems(options);
  if (problem) throw new BusError(problem);
  const { nats, natsPrefix, relayPort, relayConnect, host } = options;
  const node = options.node || randomNodeId();
  if (nats !== undefined) {
    const { NatsBus } = await import('./nats/nats-bus.ts');
    return { bus: new NatsBus({ url: nats, node, prefix: natsPrefix, log }), node };
  }
  if (relayPort !== undefined || relayConnect !== undefined) {
    const { RelayBus } = await import('./relay/relay-bus.ts');
    const [first] = tcpHosts(host);
    return { bus: new RelayBus({ node, host: first, port: relayPort, connect: relayConnect, log }), node };
  }
  return { node };
}

function problemIn(check: () => unknown): string[] {
  try {
    check();
    return [];
  } catch (error) {
    if (!(error instanceof BusError)) throw error;
    return [error.message];
  }
}
