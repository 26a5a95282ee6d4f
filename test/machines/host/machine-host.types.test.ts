/** What is put together wrongly does not compile: each `@ts-expect-error` is a promise that the type check keeps. */
import { describe, expect, it } from '@jest/globals';
import {
  type Executors,
  effect,
  eventOf,
  Hosted,
  type HostOptions,
  MachineHost,
  pairingMachine,
  type SessionContext,
  StepQueue,
  sessionMachine,
} from '../../../src/machines/index.ts';

class Session extends Hosted<SessionContext> {
  readonly log: string[] = [];
}

const note = (session: Session, { type }: { type: string }) => session.log.push(type);

const executors: Executors<typeof sessionMachine, Session> = {
  createPairing: note,
  askNodes: note,
  forgetAsk: note,
  joinPairing: note,
  denyAsk: note,
  createKey: note,
  joinRoom: note,
  lockRoom: note,
  forbid: note,
  sendPing: note,
  // A parameter of an effect has its own type.
  refuse: (session, _event, { code }) => session.log.push(code satisfies string),
  leavePairing: note,
  closeSocket: note,
  closeSilentSocket: note,
  announceAway: note,
  announceBack: note,
  forgetSession: note,
  leaveToNode: note,
  announceTokenEnd: note,
  closeUnauthorized: note,
};

const options = {
  executors,
  queue: new StepQueue(),
  onError(_session: Session, error: unknown) {
    throw error;
  },
};
const settings = { pingIntervalMs: 1_000, pingTimeoutMs: 1_000, resumeGraceMs: 1_000 };
const input = { id: 'me', maxPeers: 1, isResumable: false, may: 'pair', settings };

/** Is compiled, and not run. */
const compiled = (_wrong: () => unknown) => {};

describe('a machine host', () => {
  it('takes the events, the input and the effects of its machine', () => {
    const host = new MachineHost<typeof sessionMachine, Session>(sessionMachine, options);
    const session = new Session();
    host.start(session, input);
    host.dispatch(session, { type: 'OFFER_RECEIVED' });
    expect(session.log).toEqual(['not_paired']);

    // @ts-expect-error an event of another machine
    compiled(() => host.dispatch(session, { type: 'FORMED', from: 'initiator' }));
    // @ts-expect-error an event that is misspelt
    compiled(() => host.dispatch(session, { type: 'OFFER_RECIEVED' }));
    // @ts-expect-error an event that lacks what the machine looks at
    compiled(() => host.dispatch(session, { type: 'PAIRED' }));
    // @ts-expect-error a time-out: only the host's timers make one
    compiled(() => host.dispatch(session, { type: 'xstate.after.pingTimeout.session' }));
    // @ts-expect-error a wrong input
    compiled(() => host.start(session, { nonsense: true }));
    // @ts-expect-error no input
    compiled(() => host.start(session));
    // @ts-expect-error what is hosted has the context of another machine
    compiled(() => new MachineHost<typeof pairingMachine, Session>(pairingMachine, options));
    // @ts-expect-error events that are none of the machine's
    compiled((): MachineHost<typeof sessionMachine, Session, { type: 'FORMED' }> => host);
    // @ts-expect-error the effects of another machine
    compiled(() => new MachineHost<typeof pairingMachine, Hosted<never>>(pairingMachine, options));
  });

  it('wants one function for each effect, with its parameters, and for nothing else', () => {
    const { sendPing, ...incomplete } = executors;
    expect(sendPing).toBe(note);
    // @ts-expect-error nobody executes sendPing
    compiled((): Executors<typeof sessionMachine, Session> => incomplete);
    compiled(
      (): Executors<typeof sessionMachine, Session> => ({
        ...executors,
        // @ts-expect-error refuse has a code
        refuse: (_session, _event, { cod }) => cod,
      }),
    );
    // @ts-expect-error an assign is the machine's own
    compiled((): Executors<typeof sessionMachine, Session> => ({ ...executors, rememberPeer: note }));
    // @ts-expect-error an option that is misspelt
    compiled((): HostOptions<typeof sessionMachine, Session> => ({ ...options, onEror: options.onError }));
  });
});

describe('the event of an effect', () => {
  type Event = { type: 'GRANTED'; node: number } | { type: 'DENIED' | 'TIMED_OUT'; code: string };
  const granted = { type: 'GRANTED', node: 2 } as Event;

  it('is narrowed to the types that can cause it', () => {
    expect(eventOf(granted, 'GRANTED').node).toBe(2);
    // @ts-expect-error a node has only the one that was granted
    compiled(() => eventOf(granted, 'DENIED').node);
    // @ts-expect-error no such event
    compiled(() => eventOf(granted, 'GRANTD'));
    compiled((): string => eventOf(granted, 'DENIED', 'TIMED_OUT').code);
  });

  it('is an error when the chart says otherwise', () => {
    expect(() => eventOf(granted, 'DENIED')).toThrow('GRANTED');
  });
});

it('an effect does nothing by itself', () => {
  expect(effect<{ word: string }>()(undefined, { word: 'hush' })).toBeUndefined();
});
