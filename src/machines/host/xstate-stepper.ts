/**
 * Steps instances of one machine, as XState does, but faster. Which states a transition leaves and enters, and which
 * actions that runs, is always the same for the same transition in the same state. So the first time, XState is asked,
 * through its public functions, and what it did is kept as a {@link Plan}; later only the guards are evaluated to find
 * the transition (xstate-candidates.ts), and its plan is followed. Whatever depends on more than state and transition
 * is stepped by XState every time: a machine that moves by itself or computes its actions (xstate-plannable.ts) and, in
 * other machines, steps that a final child or several regions continue.
 *
 * Plans are learnt with XState's public `getMicrosteps`, not in an internal actor scope: steps that change state and
 * context are somewhat slower that way, which does not affect relayed messages. `tsx bench/steps.ts` measures steps,
 * and docs/benchmarks.md has the cost of whole messages.
 *
 * Only the files xstate-*.ts read XState's definitions; test/machines/host/host-contract.test.ts checks that they
 * behave like `createActor`.
 */
import {
  type AnyStateMachine,
  getInitialMicrosteps,
  getMicrosteps,
  initialTransition,
  type StateValue,
  transition,
} from 'xstate';
import type { Effect, Hosted, TakenTransition } from './hosted.ts';
import { type Candidate, candidatesOf, firstPassing } from './xstate-candidates.ts';
import { type Action, MarkedMachine } from './xstate-marked.ts';
import {
  type Assign,
  assertHostable,
  assigned,
  delaysOf,
  isAssign,
  isPlannable,
  type StepArgs,
} from './xstate-plannable.ts';

/** XState's names for the actions of `after` in pure stepping. */
export const RAISE = 'xstate.raise';
export const CANCEL = 'xstate.cancel';

interface Snapshot {
  readonly value: StateValue;
  readonly context: unknown;
  readonly status: string;
}

/** What a step does, in order; an assign is done once it has produced the new context. */
type Act = Effect | Assign;

/** A state of the machine; all instances in that state share its value. */
interface State {
  readonly value: StateValue;
  /** By an event's type; undefined if XState has to be asked. */
  readonly candidates: Map<string, readonly Candidate<Plan>[] | undefined>;
}

/** What XState does when a transition is taken in a state: the target state, and the acts. */
interface Plan {
  readonly to: State;
  readonly isDone: boolean;
  readonly transitions: readonly TakenTransition[];
  readonly acts: readonly Act[];
  readonly assigns: readonly Assign[];
  /** The acts without the assigns, if they are the same for all instances: none of them is a delay. */
  readonly effects: readonly Effect[] | undefined;
}

type Microstep = readonly [snapshot: Snapshot, actions: readonly Action[]];

const NONE: readonly never[] = [];

const steppers = new WeakMap<AnyStateMachine, MachineStepper>();

export class MachineStepper {
  readonly machine: AnyStateMachine;
  /** The transitions that the last step took, in order. */
  transitions: readonly TakenTransition[] = NONE;
  readonly #states = new Map<string, State>();
  /** By identity: an instance's value is always the object of its state. */
  readonly #stateOf = new Map<StateValue, State>();
  readonly #isPlannable: boolean;
  readonly #delays: ReturnType<typeof delaysOf>;
  readonly #marked: MarkedMachine;
  /** The plan of the first step; undefined until it was asked for, null if there is none. */
  #firstPlan: Plan | null | undefined;

  /**
   * The machine's shared stepper: what one host has learnt holds for all hosts. A client has a host per connection, and
   * learning a machine takes milliseconds.
   * @throws if the machine cannot be hosted
   */
  static of(machine: AnyStateMachine): MachineStepper {
    const stepper = steppers.get(machine) ?? new MachineStepper(machine);
    steppers.set(machine, stepper);
    return stepper;
  }

  private constructor(machine: AnyStateMachine) {
    assertHostable(machine);
    this.machine = machine;
    this.#isPlannable = isPlannable(machine);
    this.#delays = delaysOf(machine);
    this.#marked = new MarkedMachine(machine, (name) => isAssign(machine.implementations.actions[name]));
    if (!this.#isPlannable) this.#firstPlan = null;
  }

  /**
   * Takes the instance's first step.
   * @returns the effects of its initial state
   */
  begin(
    instance: Hosted<unknown>,
    event: { readonly type: string; readonly input: unknown },
  ): readonly Effect[] {
    const { learning, telling } = this.#marked;
    if (this.#firstPlan === undefined)
      this.#firstPlan = this.#planOf(() => getInitialMicrosteps(learning, event.input as never) as never);
    if (!this.#firstPlan)
      return this.#commit(instance, initialTransition(telling, event.input as never) as never);
    const { context } = this.machine.config;
    const first =
      typeof context === 'function' ? (context as (args: object) => unknown)(event) : (context ?? {});
    return this.#follow(this.#firstPlan, instance, event, first);
  }

  /** Takes a later step. @returns its effects, in order */
  advance(instance: Hosted<unknown>, event: { readonly type: string }): readonly Effect[] {
    const state = this.#find(instance.value);
    const { context } = instance;
    this.transitions = NONE;
    const candidates = this.#candidatesIn(state, event.type);
    const taken = candidates && firstPassing(candidates, { context, event });
    if (candidates && !taken) return NONE;
    if (taken?.plan) return this.#follow(taken.plan, instance, event, context);
    return this.#advanceSlowly(instance, state, taken, event);
  }

  #advanceSlowly(
    instance: Hosted<unknown>,
    state: State,
    taken: Candidate<Plan> | undefined,
    event: { readonly type: string },
  ): readonly Effect[] {
    if (!taken || taken.plan === null) return this.#ask(instance, event);
    const { context } = instance;
    taken.plan = this.#learn(state, taken, context, event);
    return taken.plan ? this.#follow(taken.plan, instance, event, context) : this.#ask(instance, event);
  }

  /** A full snapshot of an instance, as XState's actors have it. */
  snapshotOf({
    value,
    context,
  }: Pick<Hosted<unknown>, 'value' | 'context'>): ReturnType<AnyStateMachine['resolveState']> {
    return this.machine.resolveState({ value, context });
  }

  #candidatesIn(state: State, eventType: string): readonly Candidate<Plan>[] | undefined {
    const known = state.candidates.get(eventType);
    if (known || !this.#isPlannable || state.candidates.has(eventType)) return known;
    const candidates = candidatesOf<Plan>(this.machine, state.value, eventType);
    state.candidates.set(eventType, candidates);
    return candidates;
  }

  /** Lets XState take the step, which happens again each time. */
  #ask(instance: Hosted<unknown>, event: { readonly type: string }): readonly Effect[] {
    const { telling } = this.#marked;
    const { value, context } = instance;
    const snapshot = telling.resolveState({ value, context });
    return this.#commit(instance, transition(telling, snapshot as never, event as never) as never);
  }

  #commit(instance: Hosted<unknown>, [next, actions]: Microstep): readonly Effect[] {
    const read = this.#marked.read(actions);
    instance.value = this.#find(next.value).value;
    instance.context = next.context;
    instance.isDone = next.status !== 'active';
    this.transitions = read.transitions;
    return read.actions;
  }

  #learn(state: State, taken: Candidate<Plan>, context: unknown, event: object): Plan | null {
    const { learning } = this.#marked;
    const snapshot = learning.resolveState({ value: state.value, context });
    const plan = this.#planOf(() => getMicrosteps(learning, snapshot as never, event as never) as never);
    return plan?.transitions.length === 1 && plan.transitions[0] === taken.transition ? plan : null;
  }

  /** @returns null if the next such step may do something else, because it has more than one microstep */
  #planOf(learn: () => readonly Microstep[]): Plan | null {
    let microsteps: readonly Microstep[];
    try {
      microsteps = learn();
    } catch {
      // XState is asked instead, and throws what the machine throws.
      return null;
    }
    const [first, ...more] = microsteps;
    if (!first || more.length > 0) return null;
    const [next, done] = first;
    const { actions, transitions } = this.#marked.read(done);
    const named = this.machine.implementations.actions;
    const acts = actions.map((act): Act => {
      const made = named[act.type] as unknown;
      return isAssign(made) ? made : { type: act.type, params: act.params };
    });
    const effects = acts.filter((act): act is Effect => !isAssign(act));
    return {
      to: this.#find(next.value),
      isDone: next.status !== 'active',
      transitions,
      acts,
      assigns: acts.filter(isAssign),
      effects: effects.some(({ type }) => type === RAISE) ? undefined : effects,
    };
  }

  #follow(plan: Plan, instance: Hosted<unknown>, event: unknown, context: unknown): readonly Effect[] {
    let { effects } = plan;
    let nextContext = context;
    if (effects) {
      for (let next = 0; next < plan.assigns.length; next += 1)
        nextContext = assigned(plan.assigns[next] as Assign, { context: nextContext, event });
    } else {
      const made: Effect[] = [];
      for (const act of plan.acts) {
        if (isAssign(act)) nextContext = assigned(act, { context: nextContext, event });
        else made.push(act.type === RAISE ? this.#raised(act, { context: nextContext, event }) : act);
      }
      effects = made;
    }
    instance.value = plan.to.value;
    instance.context = nextContext;
    instance.isDone = plan.isDone;
    this.transitions = plan.transitions;
    return effects;
  }

  #raised({ type, params }: Effect, args: StepArgs): Effect {
    const { id } = params as { id: string };
    return { type, params: { id, delay: this.#delays.get(id)?.(args) } };
  }

  #find(value: StateValue): State {
    const known = this.#stateOf.get(value);
    if (known) return known;
    const key = JSON.stringify(value);
    let state = this.#states.get(key);
    if (!state) {
      state = { value, candidates: new Map() };
      this.#states.set(key, state);
      this.#stateOf.set(value, state);
    }
    return state;
  }
}
