/** What examples of a machine are: with them a test takes it through everything that it tells apart. */
import type { AnyStateMachine, EventFrom, InputFrom } from 'xstate';
import type { EventOf } from './host/hosted.ts';

/** Typed by event, so that a new event without an example does not compile. */
export interface MachineExamples<Machine extends AnyStateMachine = AnyStateMachine> {
  readonly machine: Machine;
  /** What it may start with. */
  readonly inputs: readonly InputFrom<Machine>[];
  /** By type, for each one event of every payload that a guard tells apart. */
  readonly events: {
    readonly [Type in EventFrom<Machine>['type']]: readonly EventOf<EventFrom<Machine>, Type>[];
  };
}
