/** The parts of a signaling server, made and tied together. When they start and end is the server's own matter. */
import type { Clock } from '../common/clock.ts';
import { StepQueue } from '../machines/index.ts';
import { Admission } from './admission/admission.ts';
import type { Bus } from './cluster/bus/bus.ts';
import { Cluster } from './cluster/cluster.ts';
import { createHosts } from './compose-machines.ts';
import { Connections } from './dialects/native/connections.ts';
import { Inbox } from './dialects/native/inbox.ts';
import { ResumeSecrets } from './dialects/native/resume-secrets.ts';
import type { Rooms } from './dialects/socket-io/rooms.ts';
import { Drain } from './drain/drain.ts';
import { Readiness } from './http/readiness.ts';
import { Inspector } from './inspector/inspector.ts';
import { signalingSources } from './inspector-sources.ts';
import type { ServerOptions } from './options.ts';
import { countEpochs } from './signaling/pairing-epochs.ts';
import type { Logger } from './telemetry/logger.ts';
import { Metrics } from './telemetry/metrics.ts';

export interface CompositionDeps {
  readonly options: ServerOptions;
  readonly log: Logger;
  readonly clock: Clock;
  /** What connects it with other nodes; without one it is alone. */
  readonly bus: Bus | undefined;
  /** The game rooms, once they have started, if they are on. */
  readonly rooms: () => Rooms | undefined;
  /** Ends the server. */
  readonly stop: () => void;
}

export type Composition = ReturnType<typeof compose>;

export function compose({ options, log, clock, bus, rooms, stop }: CompositionDeps) {
  const { node, pingIntervalMs, pingTimeoutMs, resumeGraceMs } = options;
  const queue = new StepQueue(clock);
  const { timers } = queue;
  const nextEpoch = countEpochs(clock, node);
  /** Every event comes with the time: the wheel's is set before the machines are stepped. */
  const now = () => {
    timers.now = clock.now();
    return timers.now;
  };
  const startedAt = now();
  /** Whether clients of an earlier process may still come: no longer than a session waits. */
  const mayRestore = () => now() - startedAt <= resumeGraceMs;

  const readiness = new Readiness();
  const admission = new Admission(options, log, () => clock.now(), readiness);
  const metrics = new Metrics(
    {
      sessions: () => sessions.values(),
      pairings: () => pairings,
      unready: () => readiness.counts(),
      rooms,
      hosts: () => [sessionHost, pairingHost, remotePairings.remoteHost],
    },
    () => clock.now(),
  );
  const hosts = createHosts({
    ...{ options, log, clock, queue, timers, metrics, nextEpoch, mayRestore },
    cluster: () => cluster,
    peerStepped: (session, step) => inspector.peerStepped(session, step),
  });
  const { sessions, pairings, sessionHost, pairingHost, remotePairings, directory, outbox, router } = hosts;
  const secrets = new ResumeSecrets(options.secret, node);
  const cluster: Cluster | undefined =
    bus &&
    new Cluster({
      ...{ node, bus, log, queue, timers, remotePairings, directory, secrets, nextEpoch, now },
      ...{ resumeGraceMs, mayRestore, startPairing: hosts.startPairing },
      sessionHost: () => sessionHost,
      pairingHost: () => pairingHost,
      busChanged: (isUp) => (isUp ? readiness.remove('bus_away') : readiness.add('bus_away')),
      wallTime: () => clock.wallTime(),
    });
  const drain = new Drain({
    ...{ options, log, sessions, sessionHost, pairingHost, outbox, metrics, timers, readiness, now },
    hasOtherNodes: () => (cluster?.links.open.length ?? 0) > 0,
    end: stop,
  });
  const reception = new Connections({
    ...{ node, options, log, metrics, sessions, sessionHost, outbox, secrets, timers, remotePairings, now },
    ...{ mayRestore, keys: directory.keys, fail: hosts.fail },
    settings: { pingIntervalMs, pingTimeoutMs, resumeGraceMs },
    inbox: new Inbox({ options, metrics, outbox, router, sessionHost }),
    cluster: () => cluster,
    turnAway: (socket) => drain.turnAway(socket),
  });
  const inspector: Inspector = new Inspector({
    ...{ options, log, clock },
    ...(cluster && { node }),
    sources: () => signalingSources({ ...hosts, cluster, rooms: rooms() }),
  });
  return {
    ...{
      sessions,
      pairings,
      sessionHost,
      pairingHost,
      remotePairings,
      cluster,
      inspector,
      readiness,
      metrics,
    },
    ...{ queue, timers, now, nextEpoch, admission, reception, drain },
  };
}
