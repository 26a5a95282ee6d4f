/** The type of a machine's examples, with which a test takes the machine through everything that it tells apart. */
import type { AnyStateMachine, EventFrom, InputFrom } from 'xstate';
import type { EventOf } from './host/effect.ts';

/** Typed by event, so that a new event without an example does not compile. */
export interface MachineExamples<Machine extends AnyStateMachine = AnyStateMachine> {
  readonly machine: Machine;
  /** Possible inputs. */
  readonly inputs: readonly InputFrom<Machine>[];
  /** By type: one event for each payload that a guard tells apart. */
  readonly events: {
    readonly [Type in EventFrom<Machine>['type']]: readonly EventOf<EventFrom<Machine>, Type>[];
  };
}
