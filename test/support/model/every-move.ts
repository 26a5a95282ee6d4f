/** Ways through a model: every move in every state that it can be in. */

export interface Steppable<Move> {
  step(move: Move): unknown;
  /** Equal for two models that do the same from then on. */
  readonly key: string;
  /** Whether nothing can happen any more. */
  readonly isOver: boolean;
  /** Left out: every move can be made in each state. */
  can?(move: Move): boolean;
}

/**
 * The shortest way to each state, and from there every move: a way for each that leads on, and one for all that stay.
 * @param start creates the model anew
 */
export function everyMove<Move>(start: () => Steppable<Move>, moves: readonly Move[]): Move[][] {
  const at = (way: readonly Move[]) => {
    const model = start();
    for (const move of way) model.step(move);
    return model;
  };
  const first = start();
  const open: { way: Move[]; key: string }[] = [{ way: [], key: first.key }];
  const seen = new Set([first.key]);
  const ways: Move[][] = [];
  for (const { way, key } of open) {
    const here = at(way);
    const staying: Move[] = [];
    for (const move of moves) {
      if (here.can?.(move) === false) continue;
      const next = at([...way, move]);
      if (next.key === key && !next.isOver) staying.push(move);
      else ways.push([...way, move]);
      if (next.isOver || seen.has(next.key)) continue;
      seen.add(next.key);
      open.push({ way: [...way, move], key: next.key });
    }
    if (staying.length > 0) ways.push([...way, ...staying]);
  }
  return ways;
}
