/**
 * Random small machines with everything that makes a step depend on more than its state: guards on context, assigns,
 * raised and delayed events, `always`, `onDone`, regions, final states. What a machine does by itself burns fuel, which
 * only an external event brings, so that no step goes on forever. No two regions of a state take the same event: the
 * order in which XState asks regions depends on how an actor got there, which no stored snapshot keeps.
 */

import { type AnyStateMachine, assign, cancel, raise, setup, stateIn } from 'xstate';
import fc from '../fast-check.ts';

export interface RandomContext {
  readonly count: number;
  readonly fuel: number;
}

export const randomEvents = ['A', 'B', 'C'].map((type) => ({ type }));

/** A state before its id is known; targets are numbers that are mapped to existing states. */
interface Draft {
  readonly kind: 'atomic' | 'final' | 'compound' | 'parallel';
  readonly entry: readonly Draw[];
  readonly exit: readonly Draw[];
  readonly on: Readonly<Record<string, readonly Move[]>>;
  readonly own: readonly Move[];
  readonly delay: string | undefined;
  readonly children: readonly Draft[];
}

/** Stands for an eventless transition, among the events' types. */
const ALWAYS = 'always';

interface Move {
  readonly guard: string | undefined;
  readonly least: number;
  readonly target: number | undefined;
  readonly reenter: boolean;
  readonly actions: readonly Draw[];
  /** Whether a state does it by itself: with `always`, or once its children are done. */
  readonly isAlways: boolean;
}

type Draw = 'count' | 'double' | 'shout' | 'tell' | 'raise' | 'later' | 'recall';

const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 });
const plain = fc.constantFrom<Draw>('count', 'double', 'shout', 'tell');
const any = fc.oneof({ weight: 6, arbitrary: plain }, fc.constantFrom<Draw>('raise', 'later', 'recall'));
const move: fc.Arbitrary<Move> = fc.record({
  guard: maybe(fc.constantFrom('isOdd', 'isAbove', 'isIn')),
  least: fc.nat(4),
  target: maybe(fc.nat(20)),
  reenter: fc.boolean(),
  actions: fc.array(any, { maxLength: 2 }),
  isAlways: fc.boolean(),
});
const moves = fc.array(move, { minLength: 1, maxLength: 2 });

const { state } = fc.letrec<{ state: Draft }>((tie) => ({
  state: fc
    .record({
      kind: fc.constantFrom<Draft['kind']>('atomic', 'final', 'compound', 'compound', 'parallel'),
      entry: fc.array(plain, { maxLength: 2 }),
      exit: fc.array(plain, { maxLength: 2 }),
      on: fc.dictionary(fc.constantFrom('A', 'B', 'C', 'D'), moves, { maxKeys: 3 }),
      own: fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, moves),
      delay: maybe(fc.constantFrom('100', 'dynamic')),
      children: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        fc.constant([]),
        fc.array(tie('state'), { minLength: 1, maxLength: 3 }),
      ),
    })
    .map((draft) =>
      draft.children.length === 0 && draft.kind !== 'final' ? { ...draft, kind: 'atomic' } : draft,
    ),
}));

/** The length of a delay depends on the context, and is a multiple of the timer wheel's tick. */
const builder = setup({
  types: { context: {} as RandomContext, events: {} as { type: 'A' | 'B' | 'C' | 'D' } },
  actions: {
    shout: () => {},
    tell: (_args, _params: { at: string }) => {},
    count: assign({ count: ({ context }) => context.count + 1 }),
    double: assign(({ context }) => ({ count: (context.count * 2) % 97 })),
    burn: assign({ fuel: ({ context }) => context.fuel - 1 }),
    refuel: assign({ fuel: 3 }),
  },
  guards: {
    isOdd: ({ context }) => context.count % 2 === 1,
    isAbove: ({ context }, { least }: { least: number }) => context.count % 5 > least,
    hasFuel: ({ context }, { least }: { least: number }) => context.fuel > 0 && context.count % 5 >= least,
  },
  delays: { dynamic: ({ context }) => 50 + 50 * (context.count % 3) },
});

/**
 * Machines without an input; the config shows everything. Half of them are quiet: only events and final children move
 * them on, so that a host steps most of them by plans.
 */
export const randomMachine: fc.Arbitrary<AnyStateMachine> = fc
  .tuple(fc.array(state, { minLength: 2, maxLength: 3 }), fc.boolean())
  .map(([children, isQuiet]) =>
    build({ kind: 'compound', entry: [], exit: [], on: {}, own: [], delay: undefined, children }, isQuiet),
  );

function build(root: Draft, isQuiet: boolean): AnyStateMachine {
  const ids: string[] = [];
  const number = (draft: Draft, id: string): void => {
    if (id !== 's') ids.push(id);
    if (draft.kind === 'final') return;
    for (const [at, child] of draft.children.entries()) number(child, `${id}-${at}`);
  };
  number(root, 's');
  const target = (at: number | undefined) => (at === undefined ? {} : { target: `#${ids[at % ids.length]}` });
  const action = (draw: Draw, id: string) => {
    if (draw === 'tell') return { type: 'tell', params: { at: id } };
    if (draw === 'raise') return raise({ type: 'D' });
    if (draw === 'recall') return cancel('later');
    return draw === 'later' ? raise({ type: 'D' }, { delay: 150, id: 'later' }) : draw;
  };
  const guard = ({ guard: name, least }: Move) => {
    if (name === undefined) return {};
    if (name === 'isIn') return { guard: stateIn(`#${ids[least % ids.length]}`) };
    return { guard: name === 'isAbove' ? { type: name, params: { least } } : name };
  };
  const fromOutside = (id: string) => (given: Move) => ({
    ...guard(given),
    ...target(given.target),
    reenter: given.reenter,
    actions: [
      'refuel',
      ...given.actions
        .filter((draw) => !isQuiet || isPlain(draw))
        .flatMap((draw) => (draw === 'later' ? [action('recall', id), action(draw, id)] : action(draw, id))),
    ],
  });
  /** A step that no event caused does not raise another. */
  const byItself = (id: string) => (given: Move) => ({
    guard: { type: 'hasFuel', params: { least: given.least } },
    ...target(given.target),
    actions: ['burn', ...given.actions.filter(isPlain).map((draw) => action(draw, id))],
  });
  const config = (draft: Draft, id: string, types: readonly string[]): object => {
    const actions = {
      entry: draft.entry.map((draw) => action(draw, id)),
      exit: draft.exit.map((draw) => action(draw, id)),
    };
    if (draft.kind === 'final') return { id, type: 'final', ...actions };
    const on = Object.fromEntries(
      Object.entries(draft.on)
        .filter(([type]) => types.includes(type))
        .map(([type, given]) => [type, given.map<object>(type === 'D' ? byItself(id) : fromOutside(id))]),
    );
    const always = types.includes(ALWAYS)
      ? draft.own.filter(({ isAlways }) => isAlways).map(byItself(id))
      : [];
    const typesOf = (at: number) =>
      draft.kind === 'parallel' ? types.filter((_, index) => index % draft.children.length === at) : types;
    const onDone = draft.own.filter(({ isAlways }) => !isAlways).map(byItself(id));
    const isLeaf = draft.children.length === 0;
    return {
      id,
      ...actions,
      on,
      ...(always.length > 0 && { always }),
      ...(draft.delay && { after: { [draft.delay]: draft.own.map(fromOutside(id)) } }),
      ...(!isLeaf && onDone.length > 0 && { onDone }),
      ...(!isLeaf && {
        ...(draft.kind === 'parallel' ? { type: 'parallel' } : { initial: `${id}-0` }),
        states: Object.fromEntries(
          draft.children.map((child, at) => [`${id}-${at}`, config(child, `${id}-${at}`, typesOf(at))]),
        ),
      }),
    };
  };
  return builder.createMachine({
    ...config(root, 's', ['A', 'B', 'C', 'D', ...(isQuiet ? [] : [ALWAYS])]),
    context: { count: 0, fuel: 3 },
    options: { maxIterations: 200 },
  } as never) as unknown as AnyStateMachine;
}

const isPlain = (draw: Draw): boolean => ['count', 'double', 'shout', 'tell'].includes(draw);
