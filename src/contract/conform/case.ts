/** The type of a conformance case: a named promise of the protocol, tested against a server. */
import type { Wire } from './wire.ts';

/** `seed`: the original protocol, which every version speaks. `full`: all of docs/protocol.md. */
export type Level = 'seed' | 'full';

export interface Trial {
  readonly level: Level;
  /**
   * Connects, and waits for `your_id`.
   * @param query of the URL, without the question mark
   * @param first sent before `your_id` arrives
   */
  open(query?: string, first?: object): Promise<Wire>;
  /** Two clients that are paired, at the request of the first. */
  pair(): Promise<[Wire, Wire]>;
  /** Whole numbers from 0 up to, but not including, `below`; the same for the same seed. */
  random(below: number): number;
}

export interface Case {
  readonly name: string;
  readonly level: Level;
  /**
   * @returns a text if the case cannot be tested here: the reason
   * @throws Deviation if the server differs from the protocol
   */
  run(trial: Trial): Promise<unknown>;
}
