/**
 * Assigns a vertical track to the lines to each state: as few tracks as possible, and the shortest ones nearest to the
 * states.
 */

export interface TrackUse {
  readonly target: string;
  /** Where a line enters the track, and where the track leaves for its target; both measured downwards. */
  readonly from: number;
  readonly to: number;
}

export interface Tracks {
  /** By target, starting at 0. */
  readonly of: ReadonlyMap<string, number>;
  readonly count: number;
}

/** The minimum distance between two lines that share a track. */
const APART = 8;

export function assignTracks(uses: readonly TrackUse[]): Tracks {
  const spans = new Map<string, { top: number; bottom: number }>();
  for (const { target, from, to } of uses) {
    const { top, bottom } = spans.get(target) ?? { top: to, bottom: to };
    spans.set(target, { top: Math.min(top, from), bottom: Math.max(bottom, from) });
  }
  const ordered = [...spans].sort(([, one], [, other]) => one.bottom - one.top - (other.bottom - other.top));
  const taken: { top: number; bottom: number }[][] = [];
  const of = new Map<string, number>();
  for (const [target, span] of ordered) {
    const isFree = (track: readonly { top: number; bottom: number }[]) =>
      track.every(({ top, bottom }) => span.top > bottom + APART || span.bottom < top - APART);
    const free = taken.findIndex(isFree);
    const at = free < 0 ? taken.length : free;
    taken[at] = [...(taken[at] ?? []), span];
    of.set(target, at);
  }
  return { of, count: taken.length };
}
