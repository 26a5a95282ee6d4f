/** Visits every state that a model can reach, nearest first, and finds those from which there is no good end. */
import {
  type Budget,
  firstWorld,
  isSettled,
  keyOf,
  type Machines,
  type Move,
  movesIn,
  ours,
  problemsOf,
  type World,
} from './composed-model.ts';

export interface Exploration {
  readonly states: number;
  readonly steps: number;
  /** False if it ended for lack of time or memory. */
  readonly isWhole: boolean;
  /** What happened, move by move, until something was wrong; undefined if nothing ever is. */
  readonly counterexample: { readonly problem: string; readonly moves: readonly string[] } | undefined;
}

interface Visited {
  readonly index: number;
  readonly from: Visited | undefined;
  readonly by: string;
  /** The states that lead here by a move that happens by itself. */
  readonly surelyFrom: Visited[];
  isGood: boolean;
}

export interface ExploreOptions {
  readonly budget: Budget;
  readonly machines?: Machines;
  readonly maxStates?: number;
  readonly isOver?: () => boolean;
  readonly progress?: (states: number, open: number) => void;
}

export function explore({
  budget,
  machines = ours,
  maxStates = 2_000_000,
  isOver = () => false,
  progress,
}: ExploreOptions): Exploration {
  const visited = new Map<string, Visited>();
  const open: { readonly world: World; readonly at: Visited }[] = [];
  let steps = 0;
  const enter = (world: World, from: Visited | undefined, by: string): Visited => {
    const key = keyOf(world);
    const known = visited.get(key);
    if (known) return known;
    const at = { index: visited.size, from, by, surelyFrom: [], isGood: isSettled(world) };
    visited.set(key, at);
    open.push({ world, at });
    return at;
  };
  const end = (problem: string, at: Visited): Exploration => ({
    states: visited.size,
    steps,
    isWhole: false,
    counterexample: { problem, moves: wayTo(at) },
  });
  enter(firstWorld(budget, machines), undefined, '');
  for (let next = 0; next < open.length; next += 1) {
    const { world, at } = open[next] as (typeof open)[number];
    // Visited states are not needed again.
    open[next] = undefined as never;
    const [problem] = problemsOf(world);
    if (problem) return end(problem, at);
    for (const move of movesIn(world, machines)) {
      steps += 1;
      const after = taken(move);
      if (typeof after === 'string') return end(after, { ...at, from: at, by: move.name });
      const reached = enter(after, at, move.name);
      if (move.isSure && reached !== at) reached.surelyFrom.push(at);
    }
    if (next % 10_000 === 0) {
      progress?.(visited.size, open.length - next);
      if (isOver() || visited.size > maxStates)
        return { states: visited.size, steps, isWhole: false, counterexample: undefined };
    }
  }
  const stuck = firstStuck([...visited.values()]);
  if (stuck)
    return end('from here on no deadline and no message leads to an end that both sides agree on', stuck);
  return { states: visited.size, steps, isWhole: true, counterexample: undefined };
}

function taken(move: Move): World | string {
  try {
    return move.take();
  } catch (error) {
    return (error as Error).message;
  }
}

/** The nearest state from which moves that happen by themselves never lead to a good one. */
function firstStuck(all: readonly Visited[]): Visited | undefined {
  const open = all.filter(({ isGood }) => isGood);
  for (let good = open.pop(); good; good = open.pop())
    for (const before of good.surelyFrom) {
      if (before.isGood) continue;
      before.isGood = true;
      open.push(before);
    }
  return all.find(({ isGood }) => !isGood);
}

function wayTo(at: Visited): string[] {
  const moves: string[] = [];
  for (let step: Visited | undefined = at; step?.from; step = step.from) moves.unshift(step.by);
  return moves;
}
