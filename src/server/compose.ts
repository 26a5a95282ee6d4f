/** The parts of a signaling server, made in order. When they start and end is the server's own matter. */
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
import { PairingRestorer } from './cluster/pairing/restore-pairings.ts';
import { NativeMigration } from './dialects/native/client-snapshot.ts';
import { Connections } from './dialects/native/connections.ts';
import { SessionOpener } from './dialects/native/create-session.ts';
import { decodeSignal } from './dialects/native/decode-client-message.ts';
import { Inbox } from './dialects/native/inbox.ts';
import { Outbox } from './dialects/native/outbox.ts';
import { ResumeHandler } from './dialects/native/resume-handler.ts';
import { ResumeSecrets } from './dialects/native/resume-secrets.ts';
import { TokenGate } from './dialects/native/token-gate.ts';
import { TokenRefresh } from './dialects/native/token-refresh.ts';
import type { Rooms } from './dialects/socket-io/rooms.ts';
import { Drain } from './drain/drain.ts';
import { Readiness } from './http/readiness.ts';
import { Inspector } from './inspector/inspector.ts';
import { signalingSources } from './inspector-sources.ts';
import type { ServerOptions } from './options.ts';
import { Directory } from './signaling/directory.ts';
import { iceServersFor } from './signaling/ice-servers.ts';
import { PairingEpochs } from './signaling/pairing-epochs.ts';
import { Pairings } from './signaling/pairings.ts';
import { RestoreWindow } from './signaling/restore-window.ts';
import { edgePairings } from './signaling/rooms/edge-pairings.ts';
import { Rooms as NativeRooms } from './signaling/rooms/rooms.ts';
import { Sessions } from './signaling/sessions.ts';
import { Signaling } from './signaling/signaling.ts';
import { WaitingBytes } from './signaling/waiting-bytes.ts';
import type { Logger } from './telemetry/logger.ts';
import { Metrics } from './telemetry/metrics.ts';
import { RefusalLog } from './telemetry/refusal-log.ts';

export interface CompositionDeps {
  readonly options: ServerOptions;
  readonly log: Logger;
  readonly clock: Clock;
  /** What connects it with other nodes; without one it is alone. */
  readonly bus: Bus | undefined;
  /** The game rooms, once they have started, if they are on. */
  readonly rooms: () => Rooms | undefined;
  /** Who says what clients may do; undefined: nobody is asked. */
  readonly authenticator: Authenticator | undefined;
  /** Ends the server. */
  readonly stop: () => void;
}

export type Composition = ReturnType<typeof compose>;

export function compose(deps: CompositionDeps) {
  const { options, log, clock, rooms } = deps;
  const queue = new StepQueue(clock);
  const readiness = new Readiness();
  const origins = new Origins(options);
  const refusals = new RefusalLog(log, () => clock.now());
  const admission = new Admission(options, refusals, () => clock.now(), readiness, origins);
  const core = composeCore(deps, queue);
  const nodes = composeNodes(deps, core, readiness);
  const { signaling, epochs } = core;
  const { sessions } = signaling.directory;
  const { all: pairings, host: pairingHost } = signaling.pairings;
  const { host: sessionHost } = signaling.sessions;
  const { cluster, remotePairings } = nodes;
  const measured = {
    sessions: () => sessions.values(),
    pairings: () => pairings,
    unready: () => readiness.counts(),
    waitingBytes: () => signaling.waiting.total,
    rooms,
    hosts: () => [sessionHost, pairingHost, remotePairings.remoteHost, signaling.rooms.host],
  };
  const metrics = new Metrics(measured, () => clock.now());
  const drain = new Drain({ options, log, signaling, links: nodes.links, readiness, end: deps.stop });
  const inspector = new Inspector({
    admission,
    refused: (kind) => metrics.refused.add(kind),
    options,
    log,
    clock,
    ...(cluster && { node: options.node }),
    sources: () =>
      signalingSources({
        sessions,
        pairings,
        sessionHost,
        pairingHost,
        remotePairings,
        cluster,
        rooms: rooms(),
      }),
  });
  const connections = composeNative(deps, core, nodes, { refusals, admission, metrics, drain, inspector });
  return {
    queue,
    epochs,
    readiness,
    admission,
    origins,
    refusals,
    metrics,
    inspector,
    drain,
    connections,
    signaling,
    sessions,
    sessionHost,
    pairings,
    pairingHost,
    remotePairings,
    cluster,
  };
}

/** Sessions and pairings, whoever their clients are. */
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
  const settings = { pingIntervalMs, pingTimeoutMs, resumeGraceMs };
  const sessions = new Sessions({ queue, clock, log, directory, pairings, settings });
  const waiting = new WaitingBytes(options.maxWaitingBytes);
  const rooms = new NativeRooms({
    queue,
    clock,
    log,
    directory,
    limits: options,
    pairings: edgePairings(() => signaling),
  });
  pairings.watch(rooms.edges);
  const signaling: Signaling = new Signaling({ queue, directory, sessions, pairings, waiting, rooms });
  const restoreWindow = new RestoreWindow(queue, resumeGraceMs);
  const secrets = new ResumeSecrets(options.secret, node);
  return { signaling, epochs, restoreWindow, secrets };
}

type Core = ReturnType<typeof composeCore>;

/** The other nodes, as far as there are any, and the pairings with clients that are not here. */
function composeNodes({ options, log, clock, bus }: CompositionDeps, core: Core, readiness: Readiness) {
  const { node } = options;
  const { signaling, restoreWindow, secrets } = core;
  const { queue, directory } = signaling;
  const locations = new SessionLocations(node, queue);
  const nodeLinks = bus && new NodeLinks({ node, bus, queue, clock, log });
  const links = nodeLinks ?? noLinks;
  const remotePairings = new RemotePairings({
    node,
    links,
    locations,
    signaling,
    restoreWindow,
    decodeSignal,
  });
  const restorer = new PairingRestorer({ node, sessions: directory.sessions, locations, remotePairings });
  const cluster =
    nodeLinks &&
    new Cluster({
      node,
      links: nodeLinks,
      locations,
      remotePairings,
      signaling,
      dialect: new NativeMigration(secrets),
      restoreWindow,
      readiness,
      log,
    });
  if (cluster) directory.joinNodes(cluster);
  return { links, cluster, remotePairings, restorer };
}

interface Surroundings {
  readonly admission: Admission;
  readonly refusals: RefusalLog;
  readonly metrics: Metrics;
  readonly drain: Drain;
  readonly inspector: Inspector;
}

/** The clients of our own wire. */
function composeNative(
  { options, log, authenticator }: CompositionDeps,
  { signaling, secrets, restoreWindow }: Core,
  { cluster, restorer }: ReturnType<typeof composeNodes>,
  { refusals, admission, metrics, drain, inspector }: Surroundings,
) {
  const outbox = new Outbox({
    refusals,
    metrics,
    maxUnsentBytes: options.maxUnsentBytes,
    maxMessageBytes: options.maxMessageBytes,
    waiting: signaling.waiting,
  });
  const opener = new SessionOpener({
    node: options.node,
    places: admission,
    sessions: signaling.sessions,
    outbox,
    secrets,
    log,
  });
  const inbox = new Inbox({
    options,
    metrics,
    signaling,
    peerStepped: (session, step) => inspector.peerStepped(session, step),
    evidenceGiven: (session, { epoch, ...evidence }) => inspector.evidenceGiven(session, epoch, evidence),
    tokenRefresh: new TokenRefresh(authenticator),
  });
  const returning = new ResumeHandler({
    options,
    log,
    metrics,
    signaling,
    opener,
    secrets,
    restoreWindow,
    pairings: restorer,
    nodes: cluster,
    drain,
  });
  const gate = authenticator && new TokenGate({ options, authenticator, signaling, refusals, metrics, log });
  return new Connections({ signaling, opener, inbox, returning, gate });
}
