/**
 * Steps the pure machines through a record, and compares each state and its effects with the recorded ones. A record
 * contains events without their secrets, which the machines never look at.
 */
import { type AnyMachineSnapshot, type AnyStateMachine, initialTransition, transition } from 'xstate';
import { chartVersion } from '../../machines/chart/chart.ts';
import { chartOf } from '../../machines/index.ts';
import {
  type EffectFacts,
  isStep,
  type Lane,
  machineOfLane,
  type PairingRecord,
  permissionNames,
  type RecordFirst,
  type RecordStep,
  type StateValueJson,
} from '../../protocol/index.ts';
import { chartTable } from '../charts/chart-table.ts';
import { RecordError } from './record.ts';
import { isReplayed } from './replayed-lines.ts';

export interface Parting {
  /** The line in the file, starting at 1. */
  readonly line: number;
  readonly of: Lane;
  readonly event: string;
  readonly recorded: Outcome;
  readonly replayed: Outcome;
}

export interface Outcome {
  readonly state: StateValueJson;
  readonly effects: readonly string[];
}

export interface Replay {
  /** How many steps were replayed; a difference ends the replay. */
  readonly steps: number;
  /** Machines that have changed since they were recorded. */
  readonly changedMachines: readonly string[];
  readonly parting: Parting | undefined;
}

/** @throws {RecordError} if the record starts a machine in an unknown state, or its context is none of the machine's */
export function replay(record: PairingRecord): Replay {
  const snapshots = new Map<Lane, AnyMachineSnapshot | RecordFirst['first']>();
  let steps = 0;
  let parting: Parting | undefined;
  for (const [i, line] of record.lines.entries()) {
    if (!isReplayed(record.header, line)) continue;
    const machine: AnyStateMachine = chartTable[machineOfLane(record.header, line.of)];
    if ('first' in line) snapshots.set(line.of, firstOf(machine, line));
    if (!isStep(line)) continue;
    const before = snapshots.get(line.of);
    if (!before) continue;
    const [after, replayed] = step(machine, before, line, i + 2);
    const recorded = outcome(line.to, line.effects);
    steps += 1;
    if (JSON.stringify(replayed) !== JSON.stringify(recorded)) {
      parting = { line: i + 2, of: line.of, event: line.event.type, recorded, replayed };
      break;
    }
    snapshots.set(line.of, after);
  }
  return { steps, changedMachines: changedSince(record), parting };
}

/** By machine: context fields that older records lack, with the values that they had then. */
const beforeItWasRecorded: Readonly<Record<string, object>> = {
  session: { may: permissionNames.join(' ') },
};

function firstOf(
  machine: AnyStateMachine,
  { first }: RecordFirst,
): AnyMachineSnapshot | RecordFirst['first'] {
  const older = { ...beforeItWasRecorded[machine.id] };
  if (first.value === undefined)
    return { ...first, input: { ...older, ...(first.input as object | undefined) } } as RecordFirst['first'];
  try {
    return machine.resolveState({ value: first.value, context: { ...older, ...first.context } } as never);
  } catch {
    throw new RecordError(`a state that is no state of the ${machine.id} machine`);
  }
}

function step(
  machine: AnyStateMachine,
  before: AnyMachineSnapshot | RecordFirst['first'],
  { event }: RecordStep,
  lineNumber: number,
): [AnyMachineSnapshot, Outcome] {
  const [after, actions] = stepped();
  const effects = actions.filter(({ type }) => !type.startsWith('xstate.'));
  return [after as AnyMachineSnapshot, outcome(after.value as StateValueJson, effects as EffectFacts[])];

  function stepped() {
    try {
      return 'machine' in before
        ? transition(machine, before as never, event as never)
        : initialTransition(machine, before.input as never);
    } catch {
      throw new RecordError(`line ${lineNumber} is a step that no ${machine.id} machine can take from there`);
    }
  }
}

function outcome(state: StateValueJson, effects: readonly EffectFacts[]): Outcome {
  const texts = effects.map(({ type, params }) => (params ? `${type} ${JSON.stringify(params)}` : type));
  return { state, effects: texts };
}

function changedSince({ header }: PairingRecord): string[] {
  return Object.entries(header.machines).flatMap(([name, version]) => {
    const machine: AnyStateMachine | undefined = Object.hasOwn(chartTable, name)
      ? (chartTable as Record<string, AnyStateMachine>)[name]
      : undefined;
    return machine && chartVersion(chartOf(machine)) === version ? [] : [name];
  });
}
