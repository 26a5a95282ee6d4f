/** The effects of a machine: declared in its `setup`, executed by its host, typed from the one to the other. */
import { type AnyStateMachine, assertEvent, type EventFrom, type StateMachine } from 'xstate';

/** Declares an effect in `setup({actions})`: named and typed there, executed by the machine's host. */
export function effect<Params = undefined>() {
  return (_args: unknown, _params: Params): void => {};
}

/** One function for each effect of a machine, so that a machine cannot name an effect that nobody executes. */
export type Executors<
  Machine extends AnyStateMachine,
  Instance,
  Event extends EventFrom<Machine> = EventFrom<Machine>,
> = {
  readonly [Effect in EffectFrom<Machine> as Effect['type']]: (
    instance: Instance,
    event: Event,
    params: Effect['params'],
  ) => void;
};

/**
 * The effects of a machine, by name and parameters: its actions that were declared with {@link effect}. An `assign`
 * does not count, since its parameters are not declared.
 */
export type EffectFrom<Machine extends AnyStateMachine> = Declared<ActionFrom<Machine>>;

type Declared<Action> = Action extends { type: string; params: unknown }
  ? unknown extends Action['params']
    ? never
    : Action
  : never;

type ActionFrom<Machine> =
  // biome-ignore lint/suspicious/noExplicitAny: the other parameters of XState's type do not matter here
  Machine extends StateMachine<any, any, any, any, infer Action, any, any, any, any, any, any, any, any, any>
    ? Action
    : never;

/** The member of a union of events with the given type, even if a member of the union covers several types. */
export type EventOf<Event extends { type: string }, Type extends string> = Event extends unknown
  ? Type extends Event['type']
    ? Omit<Event, 'type'> & { readonly type: Type }
    : never
  : never;

/**
 * Narrows an event to the types that can cause an effect. The chart guarantees that these are the only ones, which
 * TypeScript cannot know.
 * @throws for any other event: then the chart was changed, but not the effect
 */
export function eventOf<Event extends { type: string }, const Type extends Event['type']>(
  event: Event,
  ...types: readonly Type[]
): EventOf<Event, Type> {
  assertEvent(event, types as never);
  return event as never;
}
