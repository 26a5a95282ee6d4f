/** The negotiation machine alone: events and the time go in, states and effects come out. */
import { describe, expect, it } from '@jest/globals';
import {
  type Effect,
  Hosted,
  MachineHost,
  type NegotiationContext,
  type NegotiationEvent,
  type NegotiationInput,
  type NegotiationSettings,
  negotiationExamples,
  negotiationMachine,
  StepQueue,
} from '../../../src/machines/index.ts';
import { noteTransitions } from '../../support/machines/transition-coverage.ts';

const { settings } = negotiationExamples.inputs[0] as NegotiationInput;

class Stepper {
  readonly #instance = new Hosted<NegotiationContext>();
  readonly #queue = new StepQueue();
  readonly #host: MachineHost<typeof negotiationMachine, Hosted<NegotiationContext>>;
  #effects: string[] = [];

  constructor(own: Partial<NegotiationSettings> = {}) {
    const names = Object.keys(negotiationMachine.implementations.actions);
    const executors = Object.fromEntries(names.map((name) => [name, () => {}]));
    this.#host = new MachineHost(negotiationMachine, {
      queue: this.#queue,
      executors: executors as never,
      onError: (_, error) => {
        throw error;
      },
    });
    this.#host.observer = (step) => {
      noteTransitions(step);
      this.#effects = step.effects.filter(({ type }) => !type.startsWith('xstate.')).map(named);
    };
    this.#host.start(this.#instance, { settings: { ...settings, ...own } });
  }

  /** @returns the effects of the last event */
  send(...events: NegotiationEvent[]): string[] {
    for (const event of events) {
      this.#effects = [];
      this.#host.dispatch(this.#instance, event);
    }
    return this.#effects;
  }

  after(ms: number): string[] {
    this.#effects = [];
    this.#queue.timers.advance(this.#queue.now + ms);
    return this.#effects;
  }

  get signaling(): unknown {
    return (this.#instance.value as { open: { signaling: unknown } }).open.signaling;
  }

  get connection(): unknown {
    return (this.#instance.value as { open: { connection: unknown } }).open.connection;
  }

  get value(): unknown {
    return this.#instance.value;
  }

  get context(): NegotiationContext {
    return this.#instance.context;
  }
}

/** `announceFailure(offer_timeout)`: an effect and its parameters. */
function named({ type, params }: Effect): string {
  return params ? `${type}(${Object.values(params as object).join()})` : type;
}

const welcomed = { type: 'WELCOMED', id: 'me', isResumed: false } as const;
const resumed = { ...welcomed, isResumed: true };
const lost = { type: 'SOCKET_LOST', mayReturn: true, random: 0.5 } as const;
const lostForGood = { ...lost, mayReturn: false };
const paired = (isInitiator: boolean, isPolite = !isInitiator) =>
  ({ type: 'PAIRED', peerId: 'peer', isInitiator, isPolite }) as const;
const event = (type: NegotiationEvent['type']) => ({ type }) as NegotiationEvent;

/** The way to each state of a pairing. */
const ways = {
  expecting: [paired(false)],
  offering: [paired(true)],
  answering: [paired(false), event('OFFER_RECEIVED')],
  checking: [paired(true), event('ANSWER_RECEIVED')],
  connected: [paired(true), event('ANSWER_RECEIVED'), event('CONNECTION_ESTABLISHED')],
  restarting: [
    ...[paired(true), event('ANSWER_RECEIVED'), event('CONNECTION_ESTABLISHED')],
    event('CONNECTION_FAILED'),
  ],
} as const;
const leaving = (type: 'UNPAIR_ASKED' | 'CLOSE_ASKED', hasUnsent = true) => ({ type, hasUnsent });
type Place = keyof typeof ways;
const places = Object.keys(ways) as Place[];

function at(place: Place, own: Partial<NegotiationSettings> = {}): Stepper {
  const stepper = new Stepper(own);
  stepper.send(welcomed, ...ways[place]);
  expect(stepper.connection).toEqual({ paired: place });
  return stepper;
}

describe('the signaling link', () => {
  it('is ready once the server has greeted', () => {
    const stepper = new Stepper();
    expect(stepper.signaling).toBe('connecting');
    expect(stepper.send(welcomed)).toEqual(['announceReady']);
    expect(stepper.signaling).toBe('online');
  });

  it('gives up when the first connection fails', () => {
    const stepper = new Stepper();
    expect(stepper.send(lost)).toEqual(['announceFailure(signaling_failed)', 'closeSocket']);
    expect(stepper.signaling).toBe('lost');
  });

  it('gives up when the server does not greet in 10 s', () => {
    const stepper = new Stepper();
    expect(stepper.after(9_900)).toEqual([]);
    expect(stepper.after(150)).toEqual(['announceFailure(signaling_timeout)', 'closeSocket']);
  });

  it('comes back after a random part of a bound that doubles, up to its cap', () => {
    const stepper = new Stepper({ backoffCapMs: 1_500 });
    stepper.send(welcomed, lost);
    for (const backoffMs of [250, 500, 750, 750]) {
      expect(stepper.signaling).toBe('waiting');
      expect(stepper.context.backoffMs).toBe(backoffMs);
      expect(stepper.after(backoffMs - 50)).toEqual([]);
      expect(stepper.after(100)).toEqual(['openSocket']);
      stepper.send(lost);
    }
  });

  it('counts its attempts anew once it is back', () => {
    const stepper = new Stepper();
    stepper.send(welcomed, lost);
    stepper.after(300);
    stepper.send(welcomed, lost);
    expect(stepper.context.backoffMs).toBe(250);
  });

  it('is back before its backoff is over when its signaling comes back by itself', () => {
    const stepper = new Stepper();
    stepper.send(welcomed, lost);
    expect(stepper.send(welcomed)).toEqual(['announceReady']);
    expect(stepper.signaling).toBe('online');
    expect(stepper.after(30_000)).toEqual([]);
  });

  it('tries again when the server does not greet on the way back', () => {
    const stepper = new Stepper();
    stepper.send(welcomed, lost);
    stepper.after(300);
    expect(stepper.after(10_050)).toEqual(['dropSocket']);
    expect(stepper.signaling).toBe('waiting');
  });

  it('does not come back when the server forbids it, or when nobody wants it', () => {
    for (const [own, loss] of [[{}, lostForGood] as const, [{ reconnect: false }, lost] as const]) {
      const stepper = new Stepper(own);
      stepper.send(welcomed);
      expect(stepper.send(loss)).toEqual(['announceFailure(signaling_failed)', 'closeSocket']);
      expect(stepper.signaling).toBe('lost');
    }
  });
});

describe('a pairing', () => {
  it('has the initiator offer, and goes on to the answer and a connection', () => {
    const stepper = new Stepper();
    expect(stepper.send(welcomed, paired(true))).toEqual([
      'announcePaired',
      'openConnection',
      'makeOffer(false)',
    ]);
    expect(stepper.send(event('LOCAL_OFFER_SET'))).toEqual(['sendOffer']);
    expect(stepper.send(event('LOCAL_CANDIDATE_FOUND'))).toEqual(['sendCandidate']);
    expect(stepper.send(event('CANDIDATE_RECEIVED'))).toEqual(['holdCandidate']);
    expect(stepper.send(event('ANSWER_RECEIVED'))).toEqual(['applyAnswer', 'probeConnection']);
    expect(stepper.send(event('CANDIDATE_RECEIVED'))).toEqual(['addCandidate']);
    expect(stepper.send(event('CONNECTION_ESTABLISHED'))).toEqual(['sendReport(connected)']);
    expect(stepper.send(event('CANDIDATE_RECEIVED'))).toEqual(['addCandidate']);
  });

  it('has the receiver answer, and keeps candidates that come before the offer', () => {
    const stepper = new Stepper();
    expect(stepper.send(welcomed, paired(false))).toEqual(['announcePaired', 'openConnection']);
    expect(stepper.send(event('CANDIDATE_RECEIVED'))).toEqual(['holdCandidate']);
    expect(stepper.send(event('OFFER_RECEIVED'))).toEqual(['applyOffer']);
    expect(stepper.send(event('CANDIDATE_RECEIVED'))).toEqual(['addCandidate']);
    expect(stepper.send(event('LOCAL_ANSWER_SET'))).toEqual(['sendAnswer', 'probeConnection']);
    expect(stepper.connection).toEqual({ paired: 'checking' });
  });

  it('answers the newer of two offers', () => {
    expect(at('answering').send(event('OFFER_RECEIVED'))).toEqual(['applyOffer']);
  });

  it('still sends an answer that was made while the connection moved on', () => {
    expect(at('checking').send(event('LOCAL_ANSWER_SET'))).toEqual(['sendAnswer']);
  });

  it('answers a new offer while it looks for a way, and while it is connected', () => {
    for (const place of ['checking', 'connected'] as const) {
      expect(at(place).send(event('OFFER_RECEIVED'))).toEqual(['applyOffer']);
    }
  });

  it.each(['offering', 'restarting'] as const)(
    'when both offer at once, yields if it is polite (%s)',
    (place) => {
      const stepper = at(place);
      expect(stepper.send(event('OFFER_RECEIVED'))).toEqual([]);
      expect(stepper.connection).toEqual({ paired: place });
      const polite = new Stepper();
      const [, ...rest] = ways[place];
      polite.send(welcomed, paired(true, true), ...rest);
      expect(polite.send(event('OFFER_RECEIVED'))).toEqual(['applyOffer']);
      expect(polite.connection).toEqual({ paired: 'answering' });
    },
  );

  it.each([
    ['expecting', 15_000, 'offer_timeout'],
    ['offering', 15_000, 'answer_timeout'],
    ['answering', 15_000, 'own_answer_timeout'],
    ['checking', 30_000, 'connection_timeout'],
    ['restarting', 15_000, 'connection_failed'],
  ] as const)('is given up when it is %s for %i ms', (place, ms, failure) => {
    const stepper = at(place);
    expect(stepper.after(ms - 100)).toEqual([]);
    expect(stepper.after(200)).toEqual(['closeConnection', 'sendUnpair', `announceFailure(${failure})`]);
    expect(stepper.connection).toBe('unpaired');
    expect(stepper.context.peerId).toBeUndefined();
  });

  it.each(places)('ends from %s when the peer is disconnected, closes, or the user unpairs', (place) => {
    expect(at(place).send(event('PEER_DISCONNECTED'))).toEqual(['closeConnection', 'announcePeerGone']);
    expect(at(place).send(event('CLOSED_BY_PEER'))).toEqual([
      ...['closeConnection', 'sendUnpair', 'announcePeerGone'],
    ]);
    expect(at(place).send(event('UNPAIR_ASKED'))).toEqual(['closeConnection', 'sendUnpair']);
    expect(at(place).send(event('DESCRIPTION_REFUSED'))).toEqual([
      ...['closeConnection', 'sendUnpair', 'announceFailure(description_refused)'],
    ]);
  });

  it('tells only once of a peer that is gone', () => {
    const stepper = at('connected');
    stepper.send(event('CLOSED_BY_PEER'));
    expect(stepper.send(event('PEER_DISCONNECTED'))).toEqual([]);
  });

  it.each([true, false])(
    'makes way for a new one, and tells of the old peer (initiator: %s)',
    (isInitiator) => {
      expect(at('connected').send(paired(isInitiator))).toEqual([
        ...['closeConnection', 'announcePeerGone', 'announcePaired', 'openConnection'],
        ...(isInitiator ? ['makeOffer(false)'] : []),
      ]);
    },
  );

  it.each(places)('ends from %s when the peer is closed', (place) => {
    const stepper = at(place);
    expect(stepper.send(event('CLOSE_ASKED'))).toEqual(['closeConnection', 'closeSocket']);
    expect(stepper.value).toBe('disconnected');
  });
});

describe('leaving', () => {
  /** On the way out of a pairing that was connected. */
  const draining = (type: 'UNPAIR_ASKED' | 'CLOSE_ASKED') => {
    const stepper = at('connected');
    expect(stepper.send(leaving(type))).toEqual(['drainConnection']);
    expect(stepper.connection).toEqual({ paired: 'draining' });
    return stepper;
  };
  const ends = [
    ...['DRAINED', 'PEER_DISCONNECTED', 'CLOSED_BY_PEER', 'CONNECTION_FAILED', 'DESCRIPTION_REFUSED'],
    'UNPAIR_ASKED',
  ];

  it.each(places)('from %s waits for what was accepted, and ends at once when there is nothing', (place) => {
    for (const type of ['UNPAIR_ASKED', 'CLOSE_ASKED'] as const) {
      expect(at(place).send(leaving(type))).toEqual(['drainConnection']);
      expect(at(place).send(leaving(type, false))).toContain('closeConnection');
    }
  });

  it.each(ends)('tells the server that the pairing is over only after %s', (type) => {
    const stepper = draining('UNPAIR_ASKED');
    expect(stepper.send(event(type as 'DRAINED'))).toEqual(['closeConnection', 'sendUnpair']);
    expect(stepper.connection).toBe('unpaired');
  });

  it.each(ends)('closes the peer only after %s', (type) => {
    const stepper = draining('CLOSE_ASKED');
    expect(stepper.send(event(type as 'DRAINED'))).toEqual(['closeConnection', 'closeSocket']);
    expect(stepper.value).toBe('disconnected');
  });

  it('is over after 1 s, whatever the peer has', () => {
    const stepper = draining('UNPAIR_ASKED');
    expect(stepper.after(900)).toEqual([]);
    expect(stepper.after(150)).toEqual(['closeConnection', 'sendUnpair']);
    const other = draining('CLOSE_ASKED');
    expect(other.after(1_050)).toEqual(['closeConnection', 'closeSocket']);
  });

  it('becomes a close when the peer is closed meanwhile', () => {
    const stepper = draining('UNPAIR_ASKED');
    expect(stepper.send(leaving('CLOSE_ASKED'))).toEqual([]);
    expect(stepper.send(event('DRAINED'))).toEqual(['closeConnection', 'closeSocket']);
    expect(draining('UNPAIR_ASKED').send(leaving('CLOSE_ASKED', false))).toEqual([
      ...['closeConnection', 'closeSocket'],
    ]);
  });

  it('still takes candidates, and needs no server', () => {
    const stepper = draining('UNPAIR_ASKED');
    expect(stepper.send(event('CANDIDATE_RECEIVED'))).toEqual(['addCandidate']);
    stepper.send(lost);
    stepper.after(300);
    expect(stepper.send(welcomed)).toEqual(['announceReady']);
    expect(stepper.context.isPairedAtServer).toBe(false);
    const other = draining('UNPAIR_ASKED');
    expect(other.send(lostForGood)).toEqual(['announceFailure(signaling_failed)', 'closeSocket']);
    expect([other.connection, other.context.isPairedAtServer]).toEqual([{ paired: 'draining' }, false]);
  });

  it('of a closed peer ends when the server pairs it anew', () => {
    expect(draining('CLOSE_ASKED').send(paired(true))).toEqual(['closeConnection', 'closeSocket']);
    expect(draining('UNPAIR_ASKED').send(paired(false))).toContain('openConnection');
  });
});

describe("the peer's candidates", () => {
  it.each(places)('that are of no use are counted, pairing by pairing (%s)', (place) => {
    const stepper = at(place);
    const refused = { type: 'CANDIDATE_REFUSED', reason: 'invalid' } as const;
    expect(stepper.send(refused, refused)).toEqual([]);
    expect(stepper.context.candidatesRefused).toBe(2);
    stepper.send(paired(true));
    expect(stepper.context.candidatesRefused).toBe(0);
  });
});

describe('losing signaling', () => {
  const ended = ['closeConnection', 'sendUnpair', 'announceFailure(signaling_lost)'];
  const backAgain = (stepper: Stepper, welcome: typeof welcomed | typeof resumed) => {
    stepper.send(lost);
    stepper.after(300);
    return stepper.send(welcome);
  };

  it.each(places)('ends nothing that is %s when the server still has our session', (place) => {
    const stepper = at(place);
    expect(backAgain(stepper, resumed)).toEqual([
      'announceReady',
      ...(place === 'connected' ? ['sendReport(connected)'] : []),
    ]);
    expect(stepper.connection).toEqual({ paired: place });
    expect(stepper.context.isPairedAtServer).toBe(true);
  });

  it.each(places.filter((place) => place !== 'connected'))(
    'ends a pairing that is %s when the server has a new session for us',
    (place) => {
      const stepper = at(place);
      expect(backAgain(stepper, welcomed)).toEqual([
        ...ended.slice(0, 1),
        'announceReady',
        ...ended.slice(1),
      ]);
      expect(stepper.connection).toBe('unpaired');
    },
  );

  it.each(places.filter((place) => place !== 'connected'))('for good ends a pairing that is %s', (place) => {
    const stepper = at(place);
    expect(stepper.send(lostForGood)).toEqual(expect.arrayContaining(ended));
    expect(stepper.signaling).toBe('lost');
  });

  it('does not end a connection that is up, even when the server no longer knows of it', () => {
    const stepper = at('connected');
    expect(backAgain(stepper, welcomed)).toEqual(['announceReady']);
    expect(stepper.connection).toEqual({ paired: 'connected' });
    expect(stepper.context.isPairedAtServer).toBe(false);
    const other = at('connected');
    expect(other.send(lostForGood)).toEqual(['announceFailure(signaling_failed)', 'closeSocket']);
    expect(other.connection).toEqual({ paired: 'connected' });
    expect(other.context.isPairedAtServer).toBe(false);
  });

  it('leaves no way to restart: a failure then ends the pairing', () => {
    const stepper = at('connected');
    backAgain(stepper, welcomed);
    expect(stepper.send(event('NETWORK_CHANGED'))).toEqual([]);
    expect(stepper.send(event('CONNECTION_FAILED'))).toEqual([
      ...['closeConnection', 'sendUnpair', 'announceFailure(connection_failed)'],
    ]);
  });
});

describe('an ICE restart', () => {
  it.each(['CONNECTION_FAILED', 'NETWORK_CHANGED'] as const)('follows on %s', (type) => {
    expect(at('connected').send(event(type))).toEqual(['sendReport(failed)', 'makeOffer(true)']);
  });

  it('sends its offer, keeps candidates, and goes on with the answer', () => {
    const stepper = at('restarting');
    expect(stepper.send(event('LOCAL_OFFER_SET'))).toEqual(['sendOffer']);
    expect(stepper.send(event('CANDIDATE_RECEIVED'))).toEqual(['holdCandidate']);
    expect(stepper.send(event('ANSWER_RECEIVED'))).toEqual(['applyAnswer', 'probeConnection']);
  });

  it('is tried twice in a row at most, and counted anew once connected', () => {
    const stepper = at('checking');
    stepper.send(event('CONNECTION_FAILED'), event('ANSWER_RECEIVED'), event('CONNECTION_FAILED'));
    stepper.send(event('ANSWER_RECEIVED'));
    expect(stepper.send(event('CONNECTION_FAILED'))).toContain('announceFailure(connection_failed)');
    const other = at('restarting');
    other.send(event('ANSWER_RECEIVED'), event('CONNECTION_ESTABLISHED'));
    expect(other.context.restarts).toBe(0);
  });
});
