/** Creates the parts of a signaling server, in order. The server itself decides when they start and end. */
import type { Clock } from '../common/clock.ts';
import { StepQueue } from '../machines/index.ts';
import { Admission } from './admission/admission.ts';
import { Origins } from './admission/origins.ts';
import type { Authenticator } from './admission/tokens/authenticator.ts';
import type { Bus } from './cluster/bus/bus.ts';
import { Cluster } from './cluster/cluster.ts';
import { noLinks } from './cluster/links.ts';
import { SessionLocations } from './cluster/migration/session-locations.ts';
import { NodeLinks } from './cluster/node-links.ts';
import { RemotePairings } from './cluster/pairing/remote-pairings.ts';
import { RemoteSession } from './cluster/pairing/remote-session.ts';
import { PairingRestorer } from './cluster/pairing/restore-pairings.ts';
import { Chaos, parseChaos } from './dialects/chaos.ts';
import { EarlyFrames } from './dialects/early-frames.ts';
import { NativeMigration } from './dialects/native/client-snapshot.ts';
import { Connections } from './dialects/native/connections.ts';
import { SessionOpener } from './dialects/native/create-session.ts';
import { signalIn } from './dialects/native/decode-client-message.ts';
import { Inbox } from './dialects/native/inbox.ts';
import { Outbox } from './dialects/native/outbox.ts';
import { ResumeHandler } from './dialects/native/resume-handler.ts';
import { ResumeSecrets } from './dialects/native/resume-secrets.ts';
import { SessionReviver } from './dialects/native/revive-session.ts';
import { TokenGate } from './dialects/native/token-gate.ts';
import { TokenRefresh } from './dialects/native/token-refresh.ts';
import { Drain } from './drain/drain.ts';
import { Readiness } from './http/readiness.ts';
import { Inspector } from './inspector/inspector.ts';
import { signalingSources } from './inspector-sources.ts';
import { signalingViews } from './inspector-views.ts';
import type { ServerOptions } from './options.ts';
import { Directory } from './signaling/directory.ts';
import { iceServersFor } from './signaling/ice-servers.ts';
import type { ServerPairing } from './signaling/pairing.ts';
import { PairingEpochs } from './signaling/pairing-epochs.ts';
import { Pairings } from './signaling/pairings.ts';
import { edgePairings } from './signaling/rooms/edge-pairings.ts';
import { Rooms as NativeRooms } from './signaling/rooms/rooms.ts';
import { Sessions } from './signaling/sessions.ts';
import { Signaling } from './signaling/signaling.ts';
import { WaitingBytes } from './signaling/waiting-bytes.ts';
import type { Logger } from './telemetry/logger.ts';
import { Telemetry } from './telemetry/telemetry.ts';

export interface CompositionDeps {
  readonly options: ServerOptions;
  readonly log: Logger;
  readonly clock: Clock;
  /** Connects it with other nodes; undefined: it runs alone. */
  readonly bus: Bus | undefined;
  /** Decides what clients may do; undefined: clients are not authenticated. */
  readonly authenticator: Authenticator | undefined;
}

export type Composition = ReturnType<typeof compose>;

/** A pairing across nodes is counted at the node of its initiator, so that the sum over nodes is how many there are. */
function* begunHere(pairings: Iterable<ServerPairing>): Generator<ServerPairing> {
  for (const pairing of pairings) if (!(pairing.initiator instanceof RemoteSession)) yield pairing;
}

export function compose(deps: CompositionDeps) {
  const { options, clock, log } = deps;
  const queue = new StepQueue(clock);
  const telemetry = new Telemetry(log, () => clock.now());
  const { metrics, refusals } = telemetry;
  const readiness = new Readiness();
  const origins = new Origins(options);
  const admission = new Admission(options, refusals, () => clock.now(), readiness, origins);
  const core = composeCore(deps, queue);
  const nodes = composeNodes(deps, core, readiness);
  const { signaling, epochs } = core;
  const { sessions } = signaling.directory;
  const { all: pairings, host: pairingHost } = signaling.pairings;
  const { host: sessionHost } = signaling.sessions;
  const { rooms, waiting } = signaling;
  const { cluster, remotePairings, locations } = nodes;
  deps.authenticator?.joinQueue?.(queue);
  if (deps.authenticator?.host) metrics.measure({ hosts: [deps.authenticator.host] });
  metrics.measure({
    sessions,
    pairings: { [Symbol.iterator]: () => begunHere(pairings) },
    readiness,
    waiting,
  });
  metrics.measure({ hosts: [sessionHost, pairingHost, remotePairings.remoteHost, rooms.host] });
  const drain = new Drain({ options, log, signaling, links: nodes.links, readiness });
  const chaos = chaosOf(options, clock, () => metrics.refused.add('chaos'));
  const inspector: Inspector = new Inspector({
    admission,
    chaos,
    refused: (kind) => metrics.refused.add(kind),
    refusals: () => metrics.refused,
    options,
    log,
    clock,
    ...(cluster && { node: options.node }),
    hasGames: options.rooms,
    view: signalingViews({
      rooms,
      cluster,
      locations,
      sessions,
      pairings,
      clock,
      node: cluster?.node,
      isWorker: (node) => inspector.isWorker(node),
    }),
  });
  inspector.add(
    ...signalingSources({ sessions, pairings, sessionHost, pairingHost, remotePairings, cluster, chaos }),
  );
  const connections = composeNative(deps, core, nodes, { telemetry, admission, drain, inspector, chaos });
  return {
    queue,
    epochs,
    readiness,
    admission,
    origins,
    telemetry,
    refusals,
    metrics,
    inspector,
    drain,
    chaos,
    connections,
    authenticator: deps.authenticator,
    signaling,
    sessions,
    sessionHost,
    pairings,
    pairingHost,
    remotePairings,
    cluster,
  };
}

/** @param lost called for every signal that is lost on purpose */
function chaosOf({ chaos, chaosButtons }: ServerOptions, clock: Clock, lost: () => void): Chaos | undefined {
  if (chaos === undefined && !chaosButtons) return undefined;
  const rules = chaos === undefined ? undefined : parseChaos(chaos);
  return new Chaos({ rules, clock, random: Math.random, lost });
}

/** Sessions and pairings, whatever dialect their clients speak. */
function composeCore({ options, log, clock }: CompositionDeps, queue: StepQueue) {
  const { node, pingIntervalMs, pingTimeoutMs, resumeGraceMs } = options;
  const epochs = new PairingEpochs(clock, node);
  const directory = new Directory(queue, options.maxKeyGuessesPerMinute);
  const pairings = new Pairings({
    queue,
    epochs,
    log,
    iceServersFor: (clientId, grants) => iceServersFor(options, clientId, clock.wallTime(), grants),
  });
  const waiting = new WaitingBytes(options.maxWaitingBytes);
  const rooms = new NativeRooms(options, {
    queue,
    clock,
    log,
    directory,
    pairings: edgePairings(directory, pairings),
  });
  pairings.watch(rooms.edges);
  const settings = { pingIntervalMs, pingTimeoutMs, resumeGraceMs };
  const sessions = new Sessions(settings, { queue, clock, log, directory, pairings, rooms });
  const signaling = new Signaling({ directory, sessions, pairings, waiting, rooms });
  const secrets = new ResumeSecrets(options.secret, node);
  return { signaling, epochs, secrets };
}

type Core = ReturnType<typeof composeCore>;

/** The other nodes, if any, and the pairings with their clients. */
function composeNodes({ options, log, clock, bus }: CompositionDeps, core: Core, readiness: Readiness) {
  const { node } = options;
  const { signaling, secrets } = core;
  const { queue, directory } = signaling;
  const { sessions } = directory;
  const locations = new SessionLocations(node, queue);
  const nodeLinks = bus && new NodeLinks({ node, bus, queue, clock, log });
  const links = nodeLinks ?? noLinks;
  const remotePairings = new RemotePairings({ links, locations, signaling, signalIn });
  const restorer = new PairingRestorer({ sessions, locations, remotePairings });
  const dialect = new NativeMigration(secrets, log);
  const cluster =
    nodeLinks && new Cluster({ links: nodeLinks, remotePairings, signaling, dialect, log, readiness });
  if (cluster) directory.joinNodes(cluster);
  return { links, cluster, remotePairings, restorer, locations };
}

interface Surroundings {
  readonly telemetry: Telemetry;
  readonly admission: Admission;
  readonly drain: Drain;
  readonly inspector: Inspector;
  readonly chaos: Chaos | undefined;
}

/** The native dialect. */
function composeNative(
  { options, log, authenticator }: CompositionDeps,
  { signaling, secrets }: Core,
  { cluster, restorer }: ReturnType<typeof composeNodes>,
  { telemetry, admission, drain, inspector, chaos }: Surroundings,
) {
  const { metrics, refusals } = telemetry;
  const { sessions, waiting } = signaling;
  const { maxUnsentBytes, maxMessageBytes } = options;
  const outbox = new Outbox({ refusals, metrics, maxUnsentBytes, maxMessageBytes, waiting });
  const opener = new SessionOpener({ places: admission, sessions, outbox, secrets, log });
  const tokenRefresh = new TokenRefresh(authenticator, sessions);
  const inbox = new Inbox({
    options,
    metrics,
    signaling,
    inspector,
    tokenRefresh,
    chaos,
    budget: admission.messages,
  });
  const reviver = new SessionReviver({ opener, signaling, pairings: restorer, nodes: cluster, log });
  const early = new EarlyFrames({
    budget: admission.messages,
    now: () => signaling.queue.now,
    refused: (kind) => metrics.refused.add(kind),
  });
  const returning = new ResumeHandler({ options, telemetry, signaling, reviver, early, drain });
  const gate = authenticator && new TokenGate({ options, authenticator, signaling, telemetry });
  return new Connections({ signaling, opener, inbox, returning, early, gate });
}
