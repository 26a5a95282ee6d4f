/**
 * The machines of sessions and pairings: their hosts, what executes their effects, and the way of a message to them.
 * They step each other and know each other's instances, so all of it is tied together here.
 */
import type { Clock } from '../common/clock.ts';
import {
  MachineHost,
  pairingMachine,
  type StepQueue,
  sessionMachine,
  type TimerWheel,
} from '../machines/index.ts';
import { type CloseCode, closeCodes } from '../protocol/index.ts';
import { AddressRate } from './admission/rate-limits.ts';
import type { Cluster } from './cluster/cluster.ts';
import { RemotePairings } from './cluster/pairing/remote-pairings.ts';
import { Outbox } from './dialects/native/outbox.ts';
import type { ServerOptions } from './options.ts';
import { iceServersFor } from './signaling/ice-servers.ts';
import { pairingEffects } from './signaling/pairing-effects.ts';
import { PairingKeys } from './signaling/pairing-keys.ts';
import { type PairingHost, Router, type SessionHost } from './signaling/router.ts';
import { sessionEffects } from './signaling/session-effects.ts';
import type { ServerPairing, ServerSession } from './signaling/sessions.ts';
import type { Logger } from './telemetry/logger.ts';
import type { Metrics } from './telemetry/metrics.ts';

export interface HostsDeps {
  readonly options: ServerOptions;
  readonly log: Logger;
  readonly clock: Clock;
  readonly queue: StepQueue;
  readonly timers: TimerWheel;
  readonly metrics: Metrics;
  readonly nextEpoch: () => number;
  /** Undefined for a server that is alone. */
  readonly cluster: () => Cluster | undefined;
  /** Whether clients of an earlier process may still come. */
  readonly mayRestore: () => boolean;
  /** Told of a step that a client tells of its own machine. */
  readonly peerStepped: (session: ServerSession, step: object) => void;
}

export type Hosts = ReturnType<typeof createHosts>;

export function createHosts(deps: HostsDeps) {
  const { options, log, clock, queue, timers, nextEpoch, cluster, mayRestore } = deps;
  const { maxKeyGuessesPerMinute, maxUnsentBytes, resumeGraceMs } = options;
  const sessions = new Map<string, ServerSession>();
  const pairings = new Set<ServerPairing>();
  const directory = {
    sessions,
    keys: new PairingKeys<ServerSession>(),
    guesses: new AddressRate(maxKeyGuessesPerMinute / 60, maxKeyGuessesPerMinute),
    elsewhere: (id?: string) => cluster()?.elsewhere(id) ?? 'unknown',
  };

  const startPairing = (pairing: ServerPairing) => {
    pairing.seat('initiator', pairing.initiator);
    pairing.seat('responder', pairing.responder);
    pairing.startedAt = timers.now;
    pairings.add(pairing);
    pairingHost.start(pairing, {
      initiatorId: pairing.initiator.id,
      responderId: pairing.responder.id,
      epoch: pairing.epoch,
    });
    pairingHost.dispatch(pairing, { type: pairing.isRestored ? 'RESTORED' : 'FORMED', from: 'initiator' });
  };
  const close = (session: ServerSession, code: CloseCode, reason: string) =>
    sessionHost.dispatch(session, { type: 'CLOSED_BY_SERVER', code, reason });
  /** Something of ours threw: that session ends, and nobody else notices. */
  const fail = (session: ServerSession, error: unknown, effect: string) => {
    log.error({ id: session.id, effect, err: error }, `Session ${session.id} failed in ${effect}`);
    close(session, closeCodes.internalError, 'Internal error');
  };

  const outbox = new Outbox(log, deps.metrics, maxUnsentBytes, close);
  const remotePairings = new RemotePairings({
    ...{ cluster, sessions, outbox, queue, timers, resumeGraceMs, startPairing, mayRestore },
    router: () => router,
    sessionHost: () => sessionHost,
    pairingHost: () => pairingHost,
    onError: (remote, error, effect) => {
      if (remote.localSession) fail(remote.localSession, error, effect);
    },
  });
  const sessionHost: SessionHost = new MachineHost(sessionMachine, {
    queue,
    executors: sessionEffects({
      ...{ directory, outbox, log, clock, startPairing, nextEpoch, remotePairings },
      pairingHost: () => pairingHost,
      remotePairRequests: () => cluster()?.remotePairRequests,
      left: (session) => cluster()?.left(session),
    }),
    onError: fail,
  });
  const pairingHost: PairingHost = new MachineHost(pairingMachine, {
    queue,
    executors: pairingEffects({
      ...{ outbox, log, sessionHost, remotePairings, pairings },
      iceServersFor: (session) => iceServersFor(options, session.id, clock.wallTime()),
    }),
    onError: (pairing, error, effect) => {
      for (const session of pairing.clients) fail(session, error, effect);
    },
  });
  const router = new Router(sessionHost, pairingHost, directory, remotePairings, deps.peerStepped);
  return {
    ...{ sessions, pairings, directory, sessionHost, pairingHost, remotePairings, outbox, router },
    ...{ startPairing, fail },
  };
}
