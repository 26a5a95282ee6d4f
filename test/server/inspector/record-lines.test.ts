/** Lines whose content is shared by all records, compared with lines that are made anew for each step. */
import { describe, expect, it } from '@jest/globals';
import { redactMessage } from '../../../src/common/redact.ts';
import { nameTransitions, pairingMachine, type Step } from '../../../src/machines/index.ts';
import { lineAt, type Said } from '../../../src/server/inspector/line-store.ts';
import { jsonOf, LineMaker } from '../../../src/server/inspector/record-lines.ts';
import type { Instance, RecordSource } from '../../../src/server/inspector/source.ts';
import { RecordingHost } from '../../../src/testing/machines/recording-host.ts';
import {
  candidateMessage,
  hostCandidate,
  sdp,
  srflxCandidate,
} from '../../support/clients/signal-fixtures.ts';
import fc from '../../support/fast-check.ts';

const record = {
  messageIn(event) {
    const { message } = event as { message?: object };
    return message && redactMessage(message);
  },
} as RecordSource;
const names = new Map([...nameTransitions(pairingMachine)].map(([transition, name]) => [transition, [name]]));

const messages = [
  { type: 'offer', sdp },
  { type: 'offer', sdp: `${sdp}a=mid:7\r\n` },
  candidateMessage(hostCandidate),
  candidateMessage(srflxCandidate),
];
const EPOCHS = [5, 6, 7];
/** All of them begin with the same line. */
const FORMED = 1;

interface Sent {
  readonly pairing: number;
  readonly type: string;
  readonly from: 'initiator' | 'responder';
  /** `other`: of another one of the pairings. */
  readonly epoch: 'own' | 'other' | undefined;
  readonly message: object | undefined;
  readonly isConnected: boolean;
}

const sent = fc.record<Sent>({
  pairing: fc.nat(EPOCHS.length - 1),
  type: fc.constantFrom(
    'OFFER_RECEIVED',
    'ANSWER_RECEIVED',
    'CANDIDATE_RECEIVED',
    'REPORT_RECEIVED',
    'FORMED',
  ),
  from: fc.constantFrom('initiator', 'responder'),
  epoch: fc.constantFrom('own', 'own', 'own', 'other', undefined),
  message: fc.constantFrom(undefined, ...messages),
  isConnected: fc.boolean(),
});

/** Steps three pairings, and calls back with each step, its time, and the pairing's epoch. */
function stepAll(events: readonly Sent[], stepped: (step: Step<Instance>, t: number, epoch: number) => void) {
  const host = new RecordingHost(pairingMachine);
  const pairings = EPOCHS.map((epoch) => host.start({ initiatorId: 'a', responderId: 'b', epoch }));
  const formed = { type: 'FORMED', from: 'initiator', epoch: undefined, message: undefined } as const;
  const all = [...EPOCHS.map((_, pairing) => ({ ...formed, pairing, isConnected: false })), ...events];
  let next = 0;
  host.host.observer = (step) => {
    const { pairing } = all[next] as Sent;
    stepped(step, next / 10, EPOCHS[pairing] as number);
  };
  for (const { pairing, epoch, ...event } of all) {
    const numbered = epoch && EPOCHS[(pairing + (epoch === 'own' ? 0 : 1)) % EPOCHS.length];
    host.host.dispatch(pairings[pairing] as never, { ...event, epoch: numbered });
    next += 1;
  }
}

describe('the lines of all records together', () => {
  it('say what a line says that is made for its step alone, and so does their JSON', () => {
    let shared = 0;
    fc.assert(
      fc.property(fc.array(sent, { minLength: 20, maxLength: 60 }), (events) => {
        const maker = new LineMaker(record, names);
        const known = new Map<Said, number>();
        stepAll(events, (step, t, epoch) => {
          const said = maker.make('pairing', step, t, epoch);
          const alone = new LineMaker(record, names).make('pairing', step, t, epoch);
          const line = lineAt(alone, t, epoch);
          expect(line.event.epoch).toBe((step.event as { epoch?: number }).epoch);
          expect(lineAt(said, t, epoch)).toEqual(line);
          expect(jsonOf(said, t, epoch)).toBe(JSON.stringify(line));
          if ((known.get(said) ?? epoch) !== epoch) shared += 1;
          known.set(said, epoch);
        });
      }),
      { numRuns: 100 },
    );
    // Otherwise the test says nothing about what several records share.
    expect(shared).toBeGreaterThan(100);
  });

  it('are told apart by the side, by the lane and by what the message says', () => {
    const maker = new LineMaker(record, names);
    const said = new Set<Said>();
    const events = (['initiator', 'responder'] as const).flatMap((from) =>
      messages.map((message): Sent => {
        return {
          pairing: 0,
          type: 'CANDIDATE_RECEIVED',
          from,
          epoch: undefined,
          message,
          isConnected: false,
        };
      }),
    );
    const twice = [...events, ...events];
    stepAll(twice, (step, t, epoch) => {
      said.add(maker.make('pairing', step, t, epoch));
    });
    expect(said.size).toBe(FORMED + 8);
    stepAll(twice.slice(0, 1), (step, t, epoch) => {
      said.add(maker.make('link', step, t, epoch));
    });
    expect(said.size).toBe(2 * FORMED + 9);
  });

  it('are remembered only while few others are said, however different descriptions are', () => {
    const maker = new LineMaker(record, names);
    const said: Said[] = [];
    const offers = [0, ...Array(20).keys()].map((length): Sent => {
      const message = { type: 'offer', sdp: 'x'.repeat(length) };
      return {
        pairing: 0,
        type: 'OFFER_RECEIVED',
        from: 'initiator',
        epoch: 'own',
        message,
        isConnected: false,
      };
    });
    stepAll([...offers, ...offers], (step, t, epoch) => {
      if (step.event.type === 'OFFER_RECEIVED') said.push(maker.make('pairing', step, t, epoch));
    });
    const [, , again] = said;
    expect(said.indexOf(again as Said, 3)).toBe(-1);
    expect(new Set(said).size).toBeGreaterThan(offers.length);
  });

  it('are made once where a step that names a client is in the records of several pairings', () => {
    const maker = new LineMaker(record, names);
    const said: Said[] = [];
    stepAll([], (step, t, epoch) => {
      for (const peerId of ['a', 'b'])
        for (const lane of ['initiator', 'responder', 'initiator', 'responder', 'initiator'] as const) {
          const event = { ...step.event, peerId };
          said.push(maker.make(lane, { ...step, verdicts: step.verdicts, event }, t, epoch));
        }
    });
    expect(said).toHaveLength(EPOCHS.length * 10);
    expect(new Set(said).size).toBe(EPOCHS.length * 4);
  });
});
