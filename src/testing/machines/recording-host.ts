/** Hosts any machine, for one instance after another: it executes no effects, but records what a step did. */
import type { AnyStateMachine } from 'xstate';
import { Hosted, MachineHost, StepQueue, type TakenTransition } from '../../machines/index.ts';

export class RecordingHost {
  readonly queue = new StepQueue();
  readonly host: MachineHost<AnyStateMachine, Hosted<unknown>>;
  /** The effects of the last step, by name and parameters. */
  effects: { readonly name: string; readonly params: unknown }[] = [];
  /** The transitions of the last step; none if the event was ignored. */
  transitions: readonly TakenTransition[] = [];

  constructor(machine: AnyStateMachine) {
    const names = Object.keys(machine.implementations.actions);
    this.host = new MachineHost<AnyStateMachine, Hosted<unknown>>(machine, {
      queue: this.queue,
      executors: Object.fromEntries(
        names.map((name) => [
          name,
          (_instance: unknown, _event: unknown, params: unknown) => this.effects.push({ name, params }),
        ]),
      ),
      onError: (_instance, error) => {
        throw error;
      },
    });
    this.host.observer = ({ transitions }) => {
      this.transitions = transitions;
    };
  }

  /**
   * @throws what the machine throws
   * @returns a new instance; its timers are not armed
   */
  start(input: unknown): Hosted<unknown> {
    const instance = new Hosted<unknown>();
    this.effects = [];
    this.host.start(instance, input);
    this.queue.timers.disarmAll(instance);
    return instance;
  }

  /**
   * @throws what the machine throws
   * @returns a copy after the event; its timers are not armed
   */
  step(
    { value, context }: Pick<Hosted<unknown>, 'value' | 'context'>,
    event: { readonly type: string },
  ): Hosted<unknown> {
    const instance = new Hosted<unknown>();
    instance.value = value;
    instance.context = context;
    this.effects = [];
    this.transitions = [];
    this.host.dispatch(instance, event);
    this.queue.timers.disarmAll(instance);
    return instance;
  }
}
