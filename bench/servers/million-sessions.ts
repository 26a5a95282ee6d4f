/**
 * A million hosted sessions of the real session machine, timers and all: random events in steps of 500, while
 * sessions end and new ones take their place. Effects do nothing, so that what is measured is the host.
 */
import {
  Hosted,
  MachineHost,
  type SessionContext,
  type SessionEffects,
  type SessionEvent,
  StepQueue,
  sessionMachine,
  TimerWheel,
} from '../../src/machines/index.ts';

const SESSIONS = 1_000_000;
const STEPS = 2_000;
const EVENTS_A_STEP = 500;
/** Real time passes as if each step took this long, so that timers fire among the events. */
const STEP_MS = 20;

const EVENTS: readonly SessionEvent[] = [
  { type: 'PAIRED', peerId: 'other' },
  { type: 'NEGOTIATION_STARTED' },
  { type: 'CONNECTED' },
  { type: 'UNPAIRED' },
  { type: 'HEARD' },
  { type: 'OFFER_RECEIVED' },
  { type: 'PAIR_REQUESTED', target: 'taken', targetId: 'other', key: undefined },
  { type: 'KEY_REQUESTED', ttlS: 60, uses: 1, hasRoom: true },
  { type: 'SOCKET_CLOSED', isGoodbye: true },
];

type Session = Hosted<SessionContext>;

const nothing = () => {};
const executors = new Proxy({}, { get: () => nothing }) as never;
const timers = new TimerWheel();
const host = new MachineHost<Session, SessionEvent, SessionEffects>(sessionMachine, {
  executors,
  queue: new StepQueue(),
  timers,
  timerFacts: () => ({ idleMs: 0 }),
  onError(_session, error) {
    throw error;
  },
});
const settings = { pingIntervalMs: 30_000, pingTimeoutMs: 10_000, resumeGraceMs: 30_000 };
let started = 0;

function start(): Session {
  const session: Session = new Hosted();
  started += 1;
  host.start(session, { id: `session-${started}`, isResumable: false, settings });
  return session;
}

const heapBytes = () => {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
};

const before = heapBytes();
const sessions = Array.from({ length: SESSIONS }, (_, index) => {
  timers.now = (index / SESSIONS) * settings.pingIntervalMs;
  return start();
});
timers.advance(settings.pingIntervalMs);

let longestMs = 0;
for (let step = 0; step < STEPS; step += 1) {
  const begun = performance.now();
  for (let sent = 0; sent < EVENTS_A_STEP; sent += 1) {
    const at = Math.floor(Math.random() * SESSIONS);
    const session = sessions[at] as Session;
    host.send(session, EVENTS[Math.floor(Math.random() * EVENTS.length)] as SessionEvent);
    if (session.isDone) sessions[at] = start();
  }
  longestMs = Math.max(longestMs, performance.now() - begun);
  timers.advance(timers.now + STEP_MS, EVENTS_A_STEP);
}
process.send?.({ heapBytes: heapBytes() - before, longestMs }, () => process.exit());
