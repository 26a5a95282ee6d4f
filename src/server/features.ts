/**
 * Optional parts of a server, loaded only if an option asks for them. They start in a fixed order, add their routes to
 * the clients' port, and end in two steps: before that port closes, and after.
 */
import type { Clock } from '../common/clock.ts';
import { tcpHosts } from '../common/listen-address.ts';
import { serveAdmin } from './admin/serve-admin.ts';
import type { SharedLimits } from './admission/shared-limits.ts';
import type { Composition } from './compose.ts';
import type { PeerJs } from './dialects/peerjs/serve-peerjs.ts';
import type { GameRooms } from './dialects/socket-io/serve-games.ts';
import { tellHooks } from './embed/tell-hooks.ts';
import { healthAnswers } from './health-answers.ts';
import { type HealthListener, listenForHealth } from './http/health-listener.ts';
import type { App } from './http/shell/shell.ts';
import type { ServerOptions } from './options.ts';
import type { StatelyPort } from './programs/stately-port.ts';
import { iceServersFor } from './signaling/ice-servers.ts';
import { failedRequests } from './telemetry/failed-requests.ts';
import type { Logger } from './telemetry/logger.ts';
import { EventWebhook } from './webhooks/event-webhook.ts';
import { webhookSecret } from './webhooks/sign.ts';

export interface Feature {
  addRoutes?(app: App): void;
  /**
   * Called before the clients' port closes: sends what is still held for others.
   * @param signal when aborted, what is not sent yet is lost
   */
  stop?(signal: AbortSignal): Promise<void>;
  /** Called after the clients' port has closed. */
  close?(): void;
}

/** What a feature is created from. */
export interface FeatureContext extends Composition {
  readonly options: ServerOptions;
  readonly log: Logger;
  readonly clock: Clock;
  /** In a worker: the limits that it shares with the other workers. */
  readonly sharedLimits: SharedLimits | undefined;
}

type Start<Made extends Feature> = (context: FeatureContext) => Promise<Made | undefined> | Made | undefined;

/** In this order, so that a port that is taken is found first. */
const starts = {
  health: startHealth,
  rooms: startRooms,
  topics: startTopics,
  admin: startAdmin,
  peerjs: startPeerJs,
  traces: startTraces,
  stately: startStately,
  webhook: startWebhook,
} satisfies Record<string, Start<Feature>>;

type Features = { [Name in keyof typeof starts]?: Awaited<ReturnType<(typeof starts)[Name]>> };

/** The features of one server, by name; none before it starts. */
export class FeatureSet {
  readonly started: Features = {};

  /** @throws if one cannot start; those that have started are ended by {@link stop} and {@link close} */
  async start(context: FeatureContext): Promise<void> {
    for (const [name, start] of Object.entries<Start<Feature>>(starts))
      Object.assign(this.started, { [name]: await start(context) });
  }

  addRoutes(app: App): void {
    for (const feature of this.#each()) feature.addRoutes?.(app);
  }

  async stop(signal: AbortSignal): Promise<void> {
    for (const feature of this.#each()) await feature.stop?.(signal);
  }

  close(): void {
    for (const feature of this.#each()) feature.close?.();
  }

  #each(): Feature[] {
    return Object.values<Feature | undefined>(this.started).filter((feature) => feature !== undefined);
  }
}

/** `--health-port`. */
async function startHealth(context: FeatureContext): Promise<(HealthListener & Feature) | undefined> {
  const { options, readiness, metrics, origins, log } = context;
  const { host, healthPort } = options;
  if (healthPort === undefined) return undefined;
  const health = await listenForHealth({
    hosts: tcpHosts(host),
    port: healthPort,
    answers: healthAnswers({
      origins,
      readiness: () => readiness.answer(),
      metrics: async () => ({ type: metrics.contentType, text: await metrics.text() }),
    }),
    failed: failedRequests(log, metrics),
  });
  log.info({ event: 'health_listening' }, `Health checks on port ${health.port}`);
  return health;
}

/** `--rooms`: game rooms over Socket.IO. */
async function startRooms(context: FeatureContext): Promise<GameRooms | undefined> {
  const { options, telemetry, clock, signaling, admission, chaos } = context;
  if (!options.rooms) return undefined;
  const { GameRooms } = await import('./dialects/socket-io/serve-games.ts');
  const rooms = new GameRooms(options, {
    telemetry,
    signaling,
    admission,
    chaos,
    iceServersFor: (playerId) => iceServersFor(options, playerId, clock.wallTime()),
  });
  telemetry.metrics.measure({ players: () => rooms.games.states() });
  return rooms;
}

/** `--topics`: the clients of y-webrtc and of Trystero's relay. */
async function startTopics(context: FeatureContext): Promise<Feature | undefined> {
  const { options, admission, telemetry, signaling, queue, cluster, sharedLimits, chaos } = context;
  if (!options.topics) return undefined;
  const { serveTopics } = await import('./dialects/topics/serve-topics.ts');
  const { Topics } = await import('./signaling/topics/topics.ts');
  const topics = new Topics(options, {
    now: () => queue.now,
    sending: (bytes) => {
      telemetry.metrics.bytesSent += bytes;
      signaling.waiting.added(bytes);
    },
  });
  sharedLimits?.share('published', topics.delivered);
  cluster?.topics.serve(topics);
  return {
    addRoutes: (app) => serveTopics(app, { options, admission, telemetry, signaling, topics, chaos }),
  };
}

/** `--admin`, `--admin-token-file`; every node answers requests of the nodes that serve the API. */
function startAdmin({
  options,
  signaling,
  clock,
  log,
  metrics,
  cluster,
}: FeatureContext): Feature | undefined {
  const addRoutes = serveAdmin(options, { signaling, clock, log, metrics, nodes: cluster?.admin });
  return addRoutes && { addRoutes };
}

/** `--peerjs`. */
async function startPeerJs(context: FeatureContext): Promise<PeerJs | undefined> {
  const { options, admission, telemetry, signaling, authenticator, cluster, chaos } = context;
  if (!options.peerjs) return undefined;
  const { PeerJs } = await import('./dialects/peerjs/serve-peerjs.ts');
  const peerjs = new PeerJs({ options, admission, telemetry, signaling, authenticator, chaos });
  if (cluster) {
    cluster.ids.serve(peerjs.realm);
    peerjs.realm.joinNodes(cluster.ids);
  }
  return peerjs;
}

/** `--otlp-url`. */
async function startTraces(context: FeatureContext): Promise<Feature | undefined> {
  const { otlpUrl } = context.options;
  if (otlpUrl === undefined) return undefined;
  const { startTraces: start } = await import('./traces/start-traces.ts');
  return { stop: start(otlpUrl, context) };
}

/** `--stately-inspect`. */
async function startStately(context: FeatureContext): Promise<(StatelyPort & Feature) | undefined> {
  const { options, inspector, clock, log } = context;
  if (options.statelyInspect === undefined) return undefined;
  const { openStatelyPort } = await import('./programs/stately-port.ts');
  const opened = await openStatelyPort(options.statelyInspect, inspector.sources, clock);
  log.info(
    { event: 'stately_listening' },
    `Machines are told of at ws://127.0.0.1:${opened.port}/, and shown at http://127.0.0.1:${opened.port}/`,
  );
  return opened;
}

/** `--event-webhook`. */
function startWebhook(context: FeatureContext): EventWebhook | undefined {
  const { options, signaling, queue, clock, log, metrics } = context;
  const { eventWebhook: url, webhookSecret: text, node } = options;
  const secret = text === undefined ? undefined : webhookSecret(text);
  if (url === undefined || !secret) return undefined;
  const webhook = new EventWebhook(
    { url, secret, node },
    { queue, clock, log, metrics, random: Math.random },
  );
  tellHooks(webhook.hooks, signaling, log);
  return webhook;
}
