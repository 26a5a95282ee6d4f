/**
 * Copies of a machine whose actions reveal what XState does in a step. Its public functions return a step's actions in
 * order, but neither the transitions that were taken nor the assigns among the actions. So in a copy every transition
 * has one more action, and in the copy that plans are learnt from, an assign only reports that it is due.
 */
import { type AnyStateMachine, type AnyStateNode, createMachine } from 'xstate';
import type { TakenTransition } from './hosted.ts';

const TOOK = 'pairlane.took';

/** An action as XState's `transition` returns it. */
export interface Action {
  readonly type: string;
  readonly params: unknown;
}

type Config = Readonly<Record<string, unknown>>;

export class MarkedMachine {
  /** Steps exactly as the machine does. */
  readonly telling: AnyStateMachine;
  /**
   * Steps as the machine does from a given state by a given transition, but leaves the context unchanged. It throws if
   * that step leads to a further one: as nothing is assigned, a loop of such steps would never end.
   */
  readonly learning: AnyStateMachine;
  readonly #transitions: TakenTransition[] = [];

  /** @param isAssign whether the machine's action of that name is an assign */
  constructor(machine: AnyStateMachine, isAssign: (name: string) => boolean) {
    const { implementations } = machine;
    const marked = this.#mark(machine.config as Config, machine.root);
    const create = (config: Config, given: object) =>
      createMachine(config as never, { ...implementations, ...given } as never) as unknown as AnyStateMachine;
    this.telling = create(marked, {});
    const due = Object.keys(implementations.actions).filter(isAssign);
    const options = { ...(marked.options as Config | undefined), maxIterations: 1 };
    this.learning = create({ ...marked, options } as Config, {
      actions: { ...implementations.actions, ...Object.fromEntries(due.map((name) => [name, dueAction])) },
      delays: Object.fromEntries(Object.keys(implementations.delays).map((name) => [name, Infinity])),
    });
  }

  /** Separates the machine's own actions of a step from the transitions that it took, in order. */
  read(actions: readonly Action[]): { actions: readonly Action[]; transitions: readonly TakenTransition[] } {
    return {
      actions: actions.filter(({ type }) => type !== TOOK),
      transitions: actions.flatMap(({ type, params }) =>
        type === TOOK ? (this.#transitions[(params as { at: number }).at] as TakenTransition) : [],
      ),
    };
  }

  #mark(config: Config, node: AnyStateNode): Config {
    const { on, after, always, onDone, states } = config as Partial<Record<string, Config>>;
    const mark = (given: unknown, taken: readonly TakenTransition[] | undefined) =>
      this.#markAll(given, taken ?? []);
    return {
      ...config,
      ...(on && { on: mapOf(on, (given, type) => mark(given, node.transitions.get(type) as never)) }),
      ...(after && {
        after: mapOf(after, (given, delay) =>
          mark(
            given,
            node.after.filter((transition) => String(transition.delay) === delay),
          ),
        ),
      }),
      ...(always && { always: mark(always, node.always as never) }),
      ...(onDone && { onDone: mark(onDone, node.transitions.get(`xstate.done.state.${node.id}`) as never) }),
      ...(states && {
        states: mapOf(states, (child, name) =>
          this.#mark(child as Config, node.states[name] as AnyStateNode),
        ),
      }),
    };
  }

  /** @param given one transition or several, each a target or a definition */
  #markAll(given: unknown, taken: readonly TakenTransition[]): object[] {
    const definitions = Array.isArray(given) ? given : [given];
    return definitions.map((definition, at) => {
      const whole = typeof definition === 'object' ? definition : { target: definition };
      this.#transitions.push(taken[at] as TakenTransition);
      const took = { type: TOOK, params: { at: this.#transitions.length - 1 } };
      return { ...whole, actions: [...(whole.actions === undefined ? [] : [whole.actions].flat()), took] };
    });
  }
}

/** Gets the name of the assign that it stands for. */
const dueAction = () => {};

const mapOf = (given: Config, change: (value: unknown, key: string) => unknown): Config =>
  Object.fromEntries(Object.entries(given).map(([key, value]) => [key, change(value, key)]));
