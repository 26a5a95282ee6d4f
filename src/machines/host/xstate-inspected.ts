/**
 * What XState's snapshots and inspection events contain but do not expose: running delays and the transitions taken.
 */
import type { AnyMachineSnapshot, AnyStateNode, InspectionEvent } from 'xstate';
import type { TakenTransition } from './hosted.ts';

export interface RunningDelay {
  /** Its name, or its length in milliseconds. */
  readonly delay: string;
  /** The type of the event that the machine receives when it is over. */
  readonly eventType: string;
}

/** The delays of the states that the machine is in. */
export function runningDelays(snapshot: AnyMachineSnapshot): RunningDelay[] {
  const nodes = (snapshot as unknown as { _nodes: AnyStateNode[] })._nodes;
  return nodes.flatMap(({ after }) =>
    after.map(({ delay, eventType }) => ({ delay: String(delay), eventType })),
  );
}

/** The transitions that an actor took, from an event of `createActor(machine, { inspect })`. */
export function transitionsTakenIn(event: InspectionEvent): readonly TakenTransition[] {
  return event.type === '@xstate.microstep' ? (event._transitions as readonly TakenTransition[]) : [];
}
