/**
 * What two paired clients say they sent and received, and what comparing both shows: a server that promises
 * exactly-once, in-order delivery is judged by this, and not by its own counters.
 */

/** One client's own record. It numbers what it sends from 1. */
export interface History {
  /** The number of the last message that it sent. */
  sent: number;
  /** The numbers of its peer's messages, in order of arrival. */
  readonly received: number[];
  /** Why its pairing is over, as it was told; undefined while it exists. */
  ended: string | undefined;
}

export interface Findings {
  readonly sent: number;
  readonly received: number;
  /** Sent, but never received. */
  readonly lost: number;
  /** Received more than once; each time after the first counts. */
  readonly doubled: number;
  /** Received for the first time after a message that was sent later. */
  readonly outOfOrder: number;
  /** Received, but never sent. */
  readonly invented: number;
}

export interface Verdict extends Findings {
  readonly pairs: number;
  /** Pairings that a client was told, or found, to be over. */
  readonly endedPairings: number;
}

export function newHistory(): History {
  return { sent: 0, received: [], ended: undefined };
}

/**
 * Compares one direction.
 * @param received the numbers, in order of arrival
 */
export function compare(sent: number, received: readonly number[]): Findings {
  const seen = new Set<number>();
  const found = { doubled: 0, outOfOrder: 0, invented: 0 };
  let highest = 0;
  for (const number of received) {
    if (number < 1 || number > sent) found.invented += 1;
    else if (seen.has(number)) found.doubled += 1;
    else {
      if (number < highest) found.outOfOrder += 1;
      highest = Math.max(highest, number);
      seen.add(number);
    }
  }
  return { sent, received: received.length, lost: sent - seen.size, ...found };
}

/**
 * Compares the histories of pairs, both directions of each.
 * @param isUnderWay whether messages may still arrive: then only those that a later message has overtaken are lost
 */
export function judge(
  pairs: Iterable<readonly [History, History]>,
  { isUnderWay = false }: { isUnderWay?: boolean } = {},
): Verdict {
  const sum = { pairs: 0, endedPairings: 0, sent: 0, received: 0 };
  const faults = { lost: 0, doubled: 0, outOfOrder: 0, invented: 0 };
  for (const [a, b] of pairs) {
    sum.pairs += 1;
    if (a.ended !== undefined || b.ended !== undefined) sum.endedPairings += 1;
    for (const [{ sent }, { received }] of [
      [a, b],
      [b, a],
    ] as const) {
      const found = compare(isUnderWay ? Math.min(sent, highestOf(received)) : sent, received);
      sum.sent += sent;
      sum.received += found.received;
      for (const fault of Object.keys(faults) as (keyof typeof faults)[]) faults[fault] += found[fault];
    }
  }
  return { ...sum, ...faults };
}

const highestOf = (received: readonly number[]) => received.reduce((a, b) => Math.max(a, b), 0);

/** Whether everything arrived, once and in order, and every pairing still exists. */
export function isClean({ lost, doubled, outOfOrder, invented, endedPairings }: Verdict): boolean {
  return lost + doubled + outOfOrder + invented + endedPairings === 0;
}
