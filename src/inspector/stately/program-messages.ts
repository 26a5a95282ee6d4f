/** What `pairlane inspect` tells its page of the programs that it was told of, and what the page asks for. */
import type { Chart } from '../../machines/index.ts';

/** An actor of a program, as the list shows it. */
export interface ShownActor {
  /** Its number here: two programs may have the same ids. */
  readonly key: number;
  /** The number of its program, from 1 on. */
  readonly program: number;
  readonly session: string;
  readonly name: string;
  /** The session that started it. */
  readonly parent?: string;
  /** XState's: active, done, error or stopped; `gone` when its program has left. */
  readonly status: string;
  /** Its state value; left out for one that is no machine. */
  readonly value?: unknown;
  /** How many steps it has taken. */
  readonly steps: number;
}

/** Something that happened to an actor: an event, and what it made of it. */
export interface ShownStep {
  /** The first one of an actor has 1. */
  readonly seq: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Left out for what it was when it was first told of. */
  readonly event?: { readonly type: string; readonly [field: string]: unknown };
  /** The session that sent it. */
  readonly source?: string;
  readonly status: string;
  readonly value?: unknown;
  readonly context?: unknown;
  /** Names of the transitions taken, where the program says. */
  readonly taken?: readonly string[];
  /** Guards that said no, where the program says. */
  readonly refused?: readonly string[];
}

export type ProgramsMessage =
  | { readonly type: 'hello' }
  /** Those that are new or have changed, and the keys of those that are no longer kept. */
  | { readonly type: 'actors'; readonly changed: readonly ShownActor[]; readonly dropped: readonly number[] }
  /** The actor that was asked for, with the steps that are kept. */
  | {
      readonly type: 'actor';
      readonly key: number;
      readonly chart?: Chart;
      /** Why there is no chart. */
      readonly problem?: string;
      readonly steps: readonly ShownStep[];
    }
  | { readonly type: 'steps'; readonly key: number; readonly steps: readonly ShownStep[] };

/** The page's one request: that actor from now on. */
export interface WatchActor {
  readonly type: 'watch';
  readonly key: number;
}
