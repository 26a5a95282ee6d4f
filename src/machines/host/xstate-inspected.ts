/** What XState's snapshots and inspection events hold and do not show: the delays that run, the transitions taken. */
import type { AnyMachineSnapshot, AnyStateNode, InspectionEvent } from 'xstate';
import type { TakenTransition } from './hosted.ts';

export interface RunningDelay {
  /** Its name, or its milliseconds. */
  readonly delay: string;
  /** What its machine is sent when it is over. */
  readonly eventType: string;
}

/** The delays of the states that the machine is in. */
export function runningDelays(snapshot: AnyMachineSnapshot): RunningDelay[] {
  const nodes = (snapshot as unknown as { _nodes: AnyStateNode[] })._nodes;
  return nodes.flatMap(({ after }) =>
    after.map(({ delay, eventType }) => ({ delay: String(delay), eventType })),
  );
}

/** The transitions that an actor took, of an event of `createActor(machine, { inspect })`. */
export function transitionsTakenIn(event: InspectionEvent): readonly TakenTransition[] {
  return event.type === '@xstate.microstep' ? (event._transitions as readonly TakenTransition[]) : [];
}
