/**
 * Compares a record with a good one: where the two first differ, and what the good one reached that this one did not.
 */
import { isStep, type Lane, type PairingRecord, type RecordStep } from '../../protocol/index.ts';
import { loudIn } from './lane-spans.ts';
import { describeEvent } from './sequence-diagram.ts';
import { waterfallOf } from './waterfall.ts';

export interface Difference {
  readonly text: string;
  /** Index of this record's line that shows it. */
  readonly index: number | undefined;
}

const lanes: Readonly<Partial<Record<Lane, string>>> = {
  pairing: 'The pairing',
  initiator: 'Client A on the server',
  responder: 'Client B on the server',
  peer_initiator: 'Peer A',
  peer_responder: 'Peer B',
};

interface Place {
  readonly index: number;
  readonly step: RecordStep;
  readonly state: string;
}

/** @returns the earliest difference first, by this record's time; none if both went the same way */
export function differencesFrom(good: PairingRecord, record: PairingRecord): Difference[] {
  const partings = (Object.keys(lanes) as Lane[]).flatMap((lane) => partingIn(lane, good, record) ?? []);
  const reached = new Map(waterfallOf(record).map(({ name, t }) => [name, t]));
  const missed = waterfallOf(good).find(({ name, t }) => t !== undefined && reached.get(name) === undefined);
  return [
    ...partings.sort((one, other) => one.t - other.t).map(({ text, index }) => ({ text, index })),
    ...(missed?.t === undefined
      ? []
      : [
          {
            text: `The good one reached “${missed.name}” after ${Math.round(missed.t)} ms; this one never did.`,
            index: undefined,
          },
        ]),
  ];
}

function partingIn(
  lane: Lane,
  good: PairingRecord,
  record: PairingRecord,
): (Difference & { readonly t: number }) | undefined {
  const [theirs, ours] = [placesIn(lane, good), placesIn(lane, record)];
  const at = theirs.findIndex(({ state }, n) => state !== ours[n]?.state);
  const [expected, found, last] = [theirs[at], ours[at], ours[at - 1]];
  const shownBy = found ?? last;
  // A good record that is not over yet says nothing about what came later here.
  if (!expected || !shownBy) return undefined;
  const shared = last ? ` after ${last.state}` : '';
  const here = found ? `${found.state} (${describeEvent(found.step)})` : 'nothing more';
  return {
    t: shownBy.step.t,
    index: shownBy.index,
    text: `${lanes[lane]}${shared}: the good one went to ${expected.state} (${describeEvent(expected.step)}), this one: ${here}.`,
  };
}

/** The states of a lane, one after another; changes of sockets and pings do not count as differences. */
function placesIn(lane: Lane, { lines }: PairingRecord): Place[] {
  const places: Place[] = [];
  for (const [index, step] of lines.entries()) {
    if (!isStep(step) || step.of !== lane || step.event.type === 'HEARD') continue;
    const state = loudIn(step.to);
    if (places.at(-1)?.state !== state) places.push({ index, step, state });
  }
  return places;
}
