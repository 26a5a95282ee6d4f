/**
 * A million hosted sessions of the real session machine, including timers: random events in steps of 500, while
 * sessions end and new ones take their place. Effects do nothing, so that only the host is measured.
 */
import {
  Hosted,
  MachineHost,
  type SessionContext,
  type SessionEvent,
  StepQueue,
  sessionMachine,
} from '../../src/machines/index.ts';

const SESSIONS = 1_000_000;
const STEPS = 2_000;
const EVENTS_A_STEP = 500;
/** The clock advances by this much per step, so that timers fire among the events. */
const STEP_MS = 20;

const EVENTS: readonly SessionEvent[] = [
  { type: 'PAIRED', epoch: 1, peerId: 'other' },
  { type: 'NEGOTIATION_STARTED', epoch: 1 },
  { type: 'CONNECTED', epoch: 1 },
  { type: 'UNPAIRED', epoch: 1 },
  { type: 'HEARD' },
  { type: 'OFFER_RECEIVED' },
  { type: 'PAIR_REQUESTED', target: 'taken', targetId: 'other', key: undefined },
  { type: 'KEY_REQUESTED', ttlS: 60, uses: 1, hasRoom: true },
  { type: 'SOCKET_CLOSED', isGoodbye: true },
];

type Session = Hosted<SessionContext>;

const nothing = () => {};
const executors = new Proxy({}, { get: () => nothing }) as never;
const queue = new StepQueue();
const { timers } = queue;
const host = new MachineHost<typeof sessionMachine, Session>(sessionMachine, {
  executors,
  queue,
  onError(_session, error) {
    throw error;
  },
});
const settings = { pingIntervalMs: 30_000, pingTimeoutMs: 10_000, resumeGraceMs: 30_000 };
/** The ids and the list of sessions belong to the server: they exist before the host is measured. */
const ids = Array.from({ length: SESSIONS }, (_, at) => `session-${at}`);
const sessions: Session[] = new Array(SESSIONS).fill(undefined);

function start(at: number): void {
  const session: Session = new Hosted();
  host.start(session, { id: ids[at] as string, maxPeers: 1, isResumable: false, may: 'pair', settings });
  sessions[at] = session;
}

const heapBytes = () => {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
};

const before = heapBytes();
for (let at = 0; at < SESSIONS; at += 1) {
  timers.now = (at / SESSIONS) * settings.pingIntervalMs;
  start(at);
}
timers.advance(settings.pingIntervalMs);

let longestMs = 0;
for (let step = 0; step < STEPS; step += 1) {
  const begun = performance.now();
  for (let sent = 0; sent < EVENTS_A_STEP; sent += 1) {
    const at = Math.floor(Math.random() * SESSIONS);
    const session = sessions[at] as Session;
    host.dispatch(session, EVENTS[Math.floor(Math.random() * EVENTS.length)] as SessionEvent);
    if (session.isDone) start(at);
  }
  longestMs = Math.max(longestMs, performance.now() - begun);
  timers.advance(timers.now + STEP_MS, EVENTS_A_STEP);
}
process.send?.({ heapBytes: heapBytes() - before, longestMs }, () => process.exit());
