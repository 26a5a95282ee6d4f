/** What a case of the kit is: a promise of the protocol by name, tried on a server. */
import type { Wire } from './wire.ts';

/** `seed`: the first protocol, which every version speaks. `full`: all of docs/protocol.md. */
export type Level = 'seed' | 'full';

export interface Trial {
  readonly level: Level;
  /** Connects, and waits for `your_id`. @param query of the URL, without the question mark @param first what it says before that */
  open(query?: string, first?: object): Promise<Wire>;
  /** Two clients, of which the first asked for the second; both were told. */
  pair(): Promise<[Wire, Wire]>;
  /** Whole numbers from 0 to below `below`: the same for the same seed. */
  random(below: number): number;
}

export interface Case {
  readonly name: string;
  readonly level: Level;
  /** @returns a text: why it could not be tried here @throws Deviation where the server differs */
  run(trial: Trial): Promise<unknown>;
}
