/** The messages between `pairlane inspect` and its page, about the programs that report to it. */
import type { Chart } from '../../machines/index.ts';

/** An actor of a program, as the list shows it. */
export interface ShownActor {
  /** Its number here, since two programs may have the same ids. */
  readonly key: number;
  /** The number of its program, starting at 1. */
  readonly program: number;
  readonly session: string;
  readonly name: string;
  /** The session that started it. */
  readonly parent?: string;
  /** XState's status: active, done, error or stopped; `gone` if its program has left. */
  readonly status: string;
  /** Its state value; left out for an actor that is not a machine. */
  readonly value?: unknown;
  /** How many steps it has taken. */
  readonly steps: number;
}

/** Something that happened to an actor: an event, and its result. */
export interface ShownStep {
  /** Starts at 1 for each actor. */
  readonly seq: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Left out for the state in which it was first reported. */
  readonly event?: { readonly type: string; readonly [field: string]: unknown };
  /** The session that sent it. */
  readonly source?: string;
  readonly status: string;
  readonly value?: unknown;
  readonly context?: unknown;
  /** Names of the transitions taken, if the program reports them. */
  readonly taken?: readonly string[];
  /** Guards that failed, if the program reports them. */
  readonly refused?: readonly string[];
}

export type ProgramsMessage =
  | { readonly type: 'hello' }
  /** New or changed actors, and the keys of those that are no longer kept. */
  | { readonly type: 'actors'; readonly changed: readonly ShownActor[]; readonly dropped: readonly number[] }
  /** The requested actor, with the steps that are kept. */
  | {
      readonly type: 'actor';
      readonly key: number;
      readonly chart?: Chart;
      /** Why there is no chart. */
      readonly problem?: string;
      readonly steps: readonly ShownStep[];
    }
  | { readonly type: 'steps'; readonly key: number; readonly steps: readonly ShownStep[] };

/** The page's only request: watch this actor from now on. */
export interface WatchActor {
  readonly type: 'watch';
  readonly key: number;
}
