/**
 * Steps sessions of one machine, as XState does. What XState did once need not be worked out again: which states a
 * transition leaves and enters, and which actions that runs, is the same whenever the same transition is taken in the
 * same state. So the first such step is XState's own `machine.transition`, and writes down what it did (a
 * {@link Plan}); later ones ask the guards which transition is taken (candidates.ts), and follow the plan, which is
 * ten times faster. A machine with features that this would get wrong is stepped by `machine.transition` always
 * ({@link isPlannable}).
 *
 * This file, candidates.ts and plannable.ts are the only ones that touch XState's internals (the actor scope,
 * `assignment`, the microstep inspection event, the order in which transitions are asked);
 * test/machines/host/host-contract.test.ts holds them equal to `createActor`.
 */
import { type AnyStateMachine, createEmptyActor, type StateValue } from 'xstate';
import type { Effect, Hosted, TakenTransition } from './hosted.ts';
import { type Candidate, candidatesOf, firstPassing } from './xstate-candidates.ts';
import { type Assign, assigned, delaysOf, isAssign, isPlannable, type StepArgs } from './xstate-plannable.ts';

/** XState's names for what `after` does in pure stepping. */
export const RAISE = 'xstate.raise';
export const CANCEL = 'xstate.cancel';

interface Snapshot {
  value: StateValue;
  context: unknown;
  status: string;
}

/** What a step does, in order; an assign is done with once it has made the new context. */
type Act = Effect | Assign;

/** A state of the machine. The sessions that are in it share its value, and its snapshot, whose context is the last one's. */
interface State {
  readonly value: StateValue;
  readonly snapshot: Snapshot;
  /** By an event's type; undefined where XState has to be asked. */
  readonly candidates: Map<string, readonly Candidate<Plan>[] | undefined>;
}

/** What XState did when a transition was taken in a state: where it led, and by which acts. */
interface Plan {
  readonly to: State;
  readonly isDone: boolean;
  readonly transitions: readonly TakenTransition[];
  readonly acts: readonly Act[];
  /** The acts, where they are the same for all: there is no assign and no delay among them. */
  readonly effects: readonly Effect[] | undefined;
}

const NONE: readonly never[] = [];

export class MachineStepper {
  readonly machine: AnyStateMachine;
  /** The transitions that the last step took, in order. */
  transitions: readonly TakenTransition[] = NONE;
  readonly #scope: object;
  readonly #states = new Map<string, State>();
  /** The same by identity: a session's value is always its state's own. */
  readonly #stateOf = new Map<StateValue, State>();
  readonly #isPlannable: boolean;
  readonly #delays: ReturnType<typeof delaysOf>;
  /** The machine, but it notes the assigns that XState looks up; of all other actions XState tells by itself. */
  readonly #noting: AnyStateMachine;
  #firstPlan: Plan | undefined;
  /** What XState did in the step under way. */
  #acts: Act[] = [];
  #microsteps = 0;

  constructor(machine: AnyStateMachine) {
    this.machine = machine;
    this.#isPlannable = isPlannable(machine);
    this.#delays = delaysOf(machine);
    this.#noting = this.#createNoting();
    this.#scope = this.#createScope();
  }

  /** Takes the session's first step. @returns the effects of its first state */
  begin(
    instance: Hosted<unknown>,
    event: { readonly type: string; readonly input: unknown },
  ): readonly Effect[] {
    const { context } = this.machine.config;
    if (this.#firstPlan && typeof context === 'function')
      return this.#follow(this.#firstPlan, instance, event, (context as (args: object) => unknown)(event));
    this.#forgetStep();
    // XState binds it to the machine that it was made for.
    const { getInitialSnapshot } = Object.getPrototypeOf(this.machine) as AnyStateMachine;
    const next = getInitialSnapshot.call(this.#noting, this.#scope as never, event.input as never);
    this.#firstPlan = this.#planOf(next as never);
    return this.#commit(instance, next as never);
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
    this.#forgetStep();
    state.snapshot.context = context;
    const { snapshot } = state;
    const next = this.machine.transition(snapshot as never, event as never, this.#scope as never) as never;
    if (taken && this.transitions[0] === taken.transition) taken.plan = this.#planOf(next);
    return this.#commit(instance, next);
  }

  #candidatesIn(state: State, eventType: string): readonly Candidate<Plan>[] | undefined {
    const known = state.candidates.get(eventType);
    if (known || !this.#isPlannable || state.candidates.has(eventType)) return known;
    const candidates = candidatesOf<Plan>(this.machine, state.value, eventType);
    state.candidates.set(eventType, candidates);
    return candidates;
  }

  /** The snapshot of a state, with anybody's context in it. */
  snapshotOf(value: StateValue): object {
    return this.#find(value).snapshot;
  }

  #follow(plan: Plan, instance: Hosted<unknown>, event: unknown, context: unknown): readonly Effect[] {
    let { effects } = plan;
    let nextContext = context;
    if (!effects) {
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

  /** What XState did in this step; nothing when the next one like it may do something else. */
  #planOf(next: Snapshot): Plan | undefined {
    const acts = this.#acts;
    const isKnown = (act: Act) =>
      act.type !== RAISE || this.#delays.has(((act as Effect).params as { id: string }).id);
    if (!this.#isPlannable || this.#microsteps > 1 || !acts.every(isKnown)) return undefined;
    const isStatic = acts.every((act) => !isAssign(act) && act.type !== RAISE);
    return {
      to: this.#find(next.value),
      isDone: next.status !== 'active',
      transitions: this.transitions,
      acts,
      effects: isStatic ? (acts as Effect[]) : undefined,
    };
  }

  #commit(instance: Hosted<unknown>, next: Snapshot): readonly Effect[] {
    instance.value = this.#find(next.value).value;
    instance.context = next.context;
    instance.isDone = next.status !== 'active';
    return this.#acts.filter((act): act is Effect => !isAssign(act));
  }

  #forgetStep(): void {
    this.#acts = [];
    this.transitions = NONE;
    this.#microsteps = 0;
  }

  #find(value: StateValue): State {
    const known = this.#stateOf.get(value);
    if (known) return known;
    const key = JSON.stringify(value);
    let state = this.#states.get(key);
    if (!state) {
      const snapshot = this.#noting.resolveState({ value, context: {} }) as unknown as Snapshot;
      state = { value: snapshot.value, snapshot, candidates: new Map() };
      this.#states.set(key, state);
      this.#stateOf.set(state.value, state);
    }
    return state;
  }

  #createNoting(): AnyStateMachine {
    const { implementations } = this.machine;
    const actions = new Proxy(implementations.actions, {
      get: (named, name: string) => {
        if (isAssign(named[name])) this.#acts.push(named[name]);
        return named[name];
      },
    });
    return Object.create(this.machine, { implementations: { value: { ...implementations, actions } } });
  }

  /** One inert actor scope for all sessions: it collects the actions of a step instead of executing them. */
  #createScope(): object {
    const self = createEmptyActor();
    const inspect = (event: { type: string; _transitions?: TakenTransition[] }) => {
      if (event.type !== '@xstate.microstep' || !event._transitions?.length) return;
      this.transitions = [...this.transitions, ...event._transitions];
      this.#microsteps += 1;
    };
    return {
      self,
      id: this.machine.id,
      sessionId: this.machine.id,
      system: Object.create(self.system, { _sendInspectionEvent: { value: inspect } }),
      logger() {},
      defer() {},
      emit() {},
      stopChild() {
        throw new Error('a hosted machine has no child actors');
      },
      actionExecutor: ({ type, params }: Effect) => {
        this.#acts.push({ type, params });
      },
    };
  }
}
