/**
 * Steps sessions of one machine, as XState does. What XState did once need not be worked out again: which states a
 * transition leaves and enters, and which actions that runs, is the same whenever the same transition is taken in the
 * same state. So the first time XState is asked, by its public functions, and what it did is kept as a {@link Plan};
 * later the guards are asked which transition is taken (xstate-candidates.ts), and its plan is followed, which is many
 * times faster. Whatever depends on more than the state and the transition, XState itself steps every time: a machine
 * with features that move it by themselves or compute what they do (xstate-plannable.ts), and of any other machine the
 * steps that a final child or two regions carry on.
 *
 * Plans are learnt by XState's public `getMicrosteps`, not in an actor scope of its insides: a step that changes state
 * and context is somewhat slower so, which a relayed message does not notice. `tsx bench/steps.ts` measures steps, and
 * docs/benchmarks.md has what whole messages cost.
 *
 * The files xstate-*.ts are the only ones that read XState's definitions; test/machines/host/host-contract.test.ts
 * holds them equal to `createActor`.
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

/** XState's names for what `after` does in pure stepping. */
export const RAISE = 'xstate.raise';
export const CANCEL = 'xstate.cancel';

interface Snapshot {
  readonly value: StateValue;
  readonly context: unknown;
  readonly status: string;
}

/** What a step does, in order; an assign is done with once it has made the new context. */
type Act = Effect | Assign;

/** A state of the machine. The sessions that are in it share its value. */
interface State {
  readonly value: StateValue;
  /** By an event's type; undefined where XState has to be asked. */
  readonly candidates: Map<string, readonly Candidate<Plan>[] | undefined>;
}

/** What XState does when a transition is taken in a state: where it leads, and by which acts. */
interface Plan {
  readonly to: State;
  readonly isDone: boolean;
  readonly transitions: readonly TakenTransition[];
  readonly acts: readonly Act[];
  readonly assigns: readonly Assign[];
  /** Without the assigns, where they are the same for all: there is no delay among them. */
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
  /** The same by identity: a session's value is always its state's own. */
  readonly #stateOf = new Map<StateValue, State>();
  readonly #isPlannable: boolean;
  readonly #delays: ReturnType<typeof delaysOf>;
  readonly #marked: MarkedMachine;
  /** Of the first step; undefined until it is asked for, null where there is none. */
  #firstPlan: Plan | null | undefined;

  /**
   * The machine's: what one host has learnt of it is so for all of them. A client has a host for each connection, and to
   * learn a machine anew takes milliseconds.
   * @throws when the machine has what no host can keep
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

  /** Takes the session's first step. @returns the effects of its first state */
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

  /** A whole snapshot of a session, as XState's actors have it. */
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

  /** The step that XState takes, once more for every session. */
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

  /** @returns null when the next step like it may do something else: something in it moved the machine once more */
  #planOf(learn: () => readonly Microstep[]): Plan | null {
    let microsteps: readonly Microstep[];
    try {
      microsteps = learn();
    } catch {
      // Whatever it is, XState is asked instead, and that throws what the machine throws.
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
