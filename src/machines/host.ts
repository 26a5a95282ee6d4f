/**
 * Hosts any number of sessions of one machine without an actor for each: a session is `{value, context}`, and every
 * step is XState's own `machine.transition` on it. 37 times less memory than an actor, and half its time.
 *
 * This is the only file that touches XState's internals (the actor scope, `_nodes`, the microstep inspection event);
 * test/machines/host-contract.test.ts holds it equal to `createActor`. Hosted machines use named actions and `after`;
 * they do not invoke, spawn or emit, and have no history states.
 */
import { type AnyStateMachine, createEmptyActor, type StateValue } from 'xstate';
import type { StepQueue } from './step-queue.ts';
import type { TimerOwner, TimerWheel } from './timer-wheel.ts';
import { explainIgnored, type GuardVerdict } from './why-ignored.ts';

/** What is kept for each session of a machine; the shell puts its own things (a socket) beside it in a subclass. */
export class Hosted<Context> implements TimerOwner {
  value: StateValue = '';
  context = undefined as Context;
  /** True once a final state is reached: no event has an effect any more. */
  isDone = false;
  timer = -1;
}

/** An action that a step yielded, for the shell to execute. */
export interface Effect {
  readonly type: string;
  readonly params: unknown;
}

/** What the observer is told of each step. */
export interface Step<Instance> {
  readonly machineId: string;
  readonly instance: Instance;
  readonly event: { readonly type: string };
  readonly from: StateValue;
  readonly to: StateValue;
  /** The transitions taken, in order, as the machine defines them; empty when the event was ignored. */
  readonly transitions: readonly TakenTransition[];
  readonly effects: readonly Effect[];
  /** For an ignored event: the guards that were asked, and what they said. */
  readonly verdicts: readonly GuardVerdict[];
}

/** The part of XState's TransitionDefinition that names an edge. */
export interface TakenTransition {
  readonly source: { readonly id: string };
  readonly eventType: string;
  readonly target?: readonly { readonly id: string }[] | undefined;
}

export type Observer<Instance> = (step: Step<Instance>) => void;

/** One function for each effect of a machine, so that a machine cannot name one that nobody executes. */
export type Executors<Effects, Instance, Event> = {
  readonly [Name in keyof Effects]: (
    instance: Instance,
    event: Event,
    params: ParamsOf<Effects[Name]>,
  ) => void;
};

/** Declares an effect in `setup({actions})`: named and typed there, executed by the shell. */
export function effect<Params = undefined>() {
  return (_args: unknown, _params: Params): void => {};
}

type ParamsOf<Declared> = Declared extends (args: never, params: infer Params) => void ? Params : never;

export interface HostOptions<Instance, Event, Effects> {
  readonly executors: Executors<Effects, Instance, Event>;
  /** Shared by all hosts whose machines speak to each other. */
  readonly queue: StepQueue;
  readonly timers: TimerWheel;
  /** What only the shell knows and a delayed transition's guard asks for; it goes into the timer's event. */
  readonly timerFacts?: (instance: Instance) => object;
  /** Told when an effect, or the machine itself, threw. It may send an event; nobody else notices. */
  readonly onError: (instance: Instance, error: unknown, effect: string) => void;
}

interface Snapshot {
  value: StateValue;
  context: unknown;
  status: string;
  _nodes: unknown;
}

interface ExecutableAction {
  type: string;
  params: unknown;
  exec?: ((info: unknown, params: unknown) => void) | undefined;
  info?: unknown;
}

type AnyExecutor = (instance: unknown, event: unknown, params: unknown) => void;

export class MachineHost<
  Instance extends Hosted<unknown>,
  Event extends { type: string },
  Effects,
  Input = unknown,
> {
  /** Told of every step, when there is one. Without one, observing costs nothing. */
  observer: Observer<Instance> | undefined;
  readonly machine: AnyStateMachine;
  readonly #options: HostOptions<Instance, Event, Effects>;
  readonly #executors: Record<string, AnyExecutor>;
  readonly #scope: object;
  /** A snapshot for each state value that occurred: all but the context is shared by the sessions in that state. */
  readonly #templates = new Map<string, Snapshot>();
  #actions: ExecutableAction[] = [];
  #transitions: TakenTransition[] | undefined;

  constructor(machine: AnyStateMachine, options: HostOptions<Instance, Event, Effects>) {
    this.machine = machine;
    this.#options = options;
    this.#executors = options.executors as Record<string, AnyExecutor>;
    this.#scope = this.#createScope();
  }

  /** Starts a session: its first state, and that state's effects. */
  start(instance: Instance, input: Input): void {
    this.#options.queue.push(() =>
      this.#step(instance, { type: 'xstate.init' } as Event, () =>
        this.machine.getInitialSnapshot(this.#scope as never, input as never),
      ),
    );
  }

  /** Steps the session with the event, at once or after the step that is under way. */
  send(instance: Instance, event: Event): void {
    this.#options.queue.push(() => this.#deliver(instance, event));
  }

  /** The session's full snapshot, for `matches`, `can` and `hasTag`. */
  snapshotOf(instance: Instance) {
    return { ...this.#templateFor(instance.value), context: instance.context } as unknown as ReturnType<
      AnyStateMachine['resolveState']
    >;
  }

  #deliver(instance: Instance, event: Event): void {
    if (instance.isDone) return;
    this.#step(instance, event, () =>
      this.machine.transition(this.snapshotOf(instance), event as never, this.#scope as never),
    );
  }

  #step(instance: Instance, event: Event, transition: () => unknown): void {
    const from = instance.value;
    if (this.observer) this.#transitions = [];
    let next: Snapshot;
    try {
      next = transition() as Snapshot;
    } catch (error) {
      this.#actions = [];
      this.#transitions = undefined;
      this.#options.onError(instance, error, 'transition');
      return;
    }
    this.#commit(instance, next);
    const actions = this.#actions;
    const transitions = this.#transitions;
    this.#transitions = undefined;
    if (actions.length > 0) this.#actions = [];
    if (this.observer && transitions) this.#observe(instance, event, from, transitions, actions);
    for (const action of actions) this.#execute(instance, event, action);
    if (instance.isDone) this.#options.timers.disarmAll(instance);
  }

  #commit(instance: Instance, next: Snapshot): void {
    const current = this.#templates.get(keyOf(instance.value));
    if (current?._nodes !== next._nodes) instance.value = this.#templateFor(next.value).value;
    instance.context = next.context;
    instance.isDone = next.status !== 'active';
  }

  #observe(
    instance: Instance,
    event: Event,
    from: StateValue,
    transitions: TakenTransition[],
    actions: ExecutableAction[],
  ): void {
    const isIgnored = transitions.length === 0 && event.type !== 'xstate.init';
    this.observer?.({
      machineId: this.machine.id,
      instance,
      event,
      from,
      to: instance.value,
      transitions,
      effects: actions.filter((action) => Object.hasOwn(this.#executors, action.type)),
      verdicts: isIgnored ? explainIgnored(this.snapshotOf(instance), event) : [],
    });
  }

  #execute(instance: Instance, event: Event, action: ExecutableAction): void {
    try {
      if (action.type === 'xstate.raise') this.#armDelay(instance, action.params);
      else if (action.type === 'xstate.cancel') this.#disarmDelay(instance, action.params);
      else (this.#executors[action.type] as AnyExecutor)(instance, event, action.params);
    } catch (error) {
      this.#options.onError(instance, error, action.type);
    }
  }

  /** In pure stepping an `after` arrives as a delayed raise, whose id is also its event's type. */
  #armDelay(instance: Instance, params: unknown): void {
    const { id, delay } = params as { id: string; delay?: number };
    if (delay === undefined) return;
    this.#options.timers.arm(instance, id, delay, (type) => {
      this.send(instance, { ...this.#options.timerFacts?.(instance), type } as Event);
    });
  }

  #disarmDelay(instance: Instance, params: unknown): void {
    this.#options.timers.disarm(instance, (params as { sendId: string }).sendId);
  }

  #templateFor(value: StateValue): Snapshot {
    const key = keyOf(value);
    let template = this.#templates.get(key);
    if (!template) {
      template = this.machine.resolveState({ value, context: {} }) as unknown as Snapshot;
      this.#templates.set(key, template);
    }
    return template;
  }

  /** One inert actor scope for all sessions: it collects the actions of a step instead of executing them. */
  #createScope(): object {
    const self = createEmptyActor();
    const inspect = (event: { type: string; _transitions?: TakenTransition[] }) => {
      if (event.type === '@xstate.microstep') this.#transitions?.push(...(event._transitions ?? []));
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
      actionExecutor: (action: ExecutableAction) => {
        this.#actions.push(action);
      },
    };
  }
}

function keyOf(value: StateValue): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
