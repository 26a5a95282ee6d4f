/**
 * Hosts any number of instances of one machine without an actor for each: an instance is `{value, context}`, and every
 * step on it is XState's own. This takes 37 times less memory than an actor, and a tenth of its time.
 *
 * Hosted machines may use named actions, `after`, and whatever else moves a machine; they may not invoke, spawn or
 * emit, and have no history states. A delayed `raise` needs an id; raising it again restarts its delay, whereas XState
 * would fire both.
 */
import type { AnyStateMachine, ContextFrom, EventFrom, InputFrom, StateValue } from 'xstate';
import type { Executors } from './effect.ts';
import { explainIgnored } from './explain-ignored.ts';
import type { Effect, GuardVerdict, Hosted, Observer, Step, TakenTransition } from './hosted.ts';
import type { StepQueue } from './step-queue.ts';
import { CANCEL, MachineStepper, RAISE } from './xstate-stepper.ts';

export interface HostOptions<
  Machine extends AnyStateMachine,
  Instance,
  Event extends EventFrom<Machine> = EventFrom<Machine>,
> {
  readonly executors: Executors<Machine, Instance, Event>;
  /** Shared, with its timers, by all hosts whose machines send each other events. */
  readonly queue: StepQueue;
  /**
   * Called when an effect, or the machine itself, threw. `event` is the event of that step; undefined for the first
   * step. The handler may dispatch events; nobody else notices the exception.
   */
  readonly onError: (instance: Instance, error: unknown, effect: string, event: Event | undefined) => void;
}

/** A delayed event; XState handles those without a delay within the step. */
interface Raised {
  readonly id: string | undefined;
  readonly delay: number | undefined;
  /** Left out by the stepper if it is the delay's own event. */
  readonly event?: { readonly type: string };
}

interface Cancelled {
  readonly sendId: string;
}

function nobody(type: string): never {
  throw new Error(`nobody executes ${type}: the effects of a hosted machine are named actions`);
}

type AnyExecutor = (instance: unknown, event: unknown, params: unknown) => void;

/** The event of an instance's first step. Only the host can create one, so nobody else can send it. */
class Start {
  readonly type = 'xstate.init';
  readonly input: unknown;
  constructor(input: unknown) {
    this.input = input;
  }
}

/** A step that was taken. A class, because every relayed message creates one while its pairing is recorded. */
class HostStep<Instance extends Hosted<unknown>> implements Step<Instance> {
  readonly machineId: string;
  readonly instance: Instance;
  readonly event: { readonly type: string };
  readonly from: StateValue;
  readonly to: StateValue;
  readonly transitions: readonly TakenTransition[];
  readonly effects: readonly Effect[];
  readonly #stepper: MachineStepper;
  readonly #context: unknown;
  #verdicts: readonly GuardVerdict[] | undefined;

  constructor(
    stepper: MachineStepper,
    instance: Instance,
    event: { readonly type: string },
    from: StateValue,
    effects: readonly Effect[],
  ) {
    this.machineId = stepper.machine.id;
    this.instance = instance;
    this.event = event;
    this.from = from;
    this.to = instance.value;
    this.transitions = stepper.transitions;
    this.effects = effects;
    this.#stepper = stepper;
    this.#context = instance.context;
  }

  /** For an ignored event only, and evaluated lazily: it takes a hundred times as long as the step. */
  get verdicts(): readonly GuardVerdict[] {
    const isIgnored = this.transitions.length === 0 && !(this.event instanceof Start);
    if (!isIgnored) return NONE;
    this.#verdicts ??= explainIgnored(
      this.#stepper.snapshotOf({ value: this.to, context: this.#context }),
      this.event,
    );
    return this.#verdicts;
  }
}

const NONE: readonly never[] = [];

/**
 * The machine determines all types: its context, input, events and effects.
 * @typeParam Instance what is kept for each instance, a {@link Hosted} of the machine's context
 * @typeParam Event the machine's events, if they carry more than the machine looks at (an SDP, a frame)
 */
export class MachineHost<
  Machine extends AnyStateMachine,
  Instance extends Hosted<ContextFrom<Machine>>,
  Event extends EventFrom<Machine> = EventFrom<Machine>,
> {
  /** Told of every step; if undefined, observing costs nothing. */
  observer: Observer<Instance> | undefined;
  readonly machine: Machine;
  /** How often each transition was taken. */
  readonly taken = new Map<TakenTransition, number>();
  readonly #options: HostOptions<Machine, Instance, Event>;
  readonly #executors: Record<string, AnyExecutor>;
  readonly #stepper: MachineStepper;

  constructor(machine: Machine, options: HostOptions<Machine, Instance, Event>) {
    this.machine = machine;
    this.#options = options;
    this.#executors = options.executors as Record<string, AnyExecutor>;
    this.#stepper = MachineStepper.of(machine);
  }

  /** Starts an instance: enters its initial state, and executes that state's effects. */
  start(instance: Instance, input: InputFrom<Machine>): void {
    this.#options.queue.send(this, instance, new Start(input));
  }

  /** Steps the instance with the event, now or after the current step. */
  dispatch(instance: Instance, event: Event): void {
    this.#options.queue.send(this, instance, event);
  }

  /** The instance's full snapshot, for `matches`, `can` and `hasTag`. */
  snapshotOf(instance: Instance) {
    return this.#stepper.snapshotOf(instance);
  }

  /** For the queue only; everybody else calls `dispatch`. */
  step(instance: Instance, event: Event | Start): void {
    if (instance.isDone) return;
    const from = instance.value;
    let effects: readonly Effect[];
    try {
      effects =
        event instanceof Start
          ? this.#stepper.begin(instance, event)
          : this.#stepper.advance(instance, event);
    } catch (error) {
      this.#fail(instance, error, 'transition', event);
      return;
    }
    for (const transition of this.#stepper.transitions)
      this.taken.set(transition, (this.taken.get(transition) ?? 0) + 1);
    if (this.observer) this.#observe(instance, event, from, effects);
    for (let next = 0; next < effects.length; next += 1)
      this.#execute(instance, event, effects[next] as Effect);
    if (instance.isDone) this.#options.queue.timers.disarmAll(instance);
  }

  #observe(instance: Instance, event: Event | Start, from: StateValue, effects: readonly Effect[]): void {
    const isNamed = ({ type }: Effect) => Object.hasOwn(this.#executors, type);
    // Reuses the array if the step is the same, as far as the stepper does: the recorder compares by identity.
    const named = effects.every(isNamed) ? effects : effects.filter(isNamed);
    this.observer?.(new HostStep(this.#stepper, instance, event, from, named));
  }

  #execute(instance: Instance, event: Event | Start, { type, params }: Effect): void {
    try {
      if (type === RAISE) this.#raise(instance, params as Raised);
      else if (type === CANCEL) this.#options.queue.timers.disarm(instance, (params as Cancelled).sendId);
      else (this.#executors[type] ?? nobody(type))(instance, event, params);
    } catch (error) {
      this.#fail(instance, error, type, event);
    }
  }

  #fail(instance: Instance, error: unknown, effect: string, event: Event | Start): void {
    this.#options.onError(instance, error, effect, event instanceof Start ? undefined : event);
  }

  /** In pure stepping, an `after` appears as a delayed raise whose id is also its event's type. */
  #raise(instance: Instance, { id, delay, event }: Raised): void {
    if (delay === undefined) return;
    if (id === undefined) throw new Error('a delayed raise needs an id in a hosted machine');
    const isDelay = event === undefined || event.type === id;
    const fire = isDelay ? this.#fire : () => this.dispatch(instance, event as Event);
    this.#options.queue.timers.arm(instance, id, delay, fire);
  }

  /** One function for all timers: a closure for each would be most of an instance's memory. */
  readonly #fire = (type: string, owner: unknown): void => {
    const instance = owner as Instance;
    this.dispatch(instance, { type } as Event);
  };
}
