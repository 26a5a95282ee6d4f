/** Shared by all parts of one peer: its platform, the time, its options, and the queue in which its machines step. */
import type { Clock } from '../../common/clock.ts';
import { StepQueue } from '../../machines/index.ts';
import type { PeerOptions, ResolvedOptions } from './peer-options.ts';
import { resolveOptions } from './peer-options.ts';
import type { Platform } from './platform.ts';

export interface Environment {
  readonly platform: Platform;
  readonly clock: Clock;
  readonly options: ResolvedOptions;
  readonly queue: StepQueue;
}

/** @throws {PairlaneError} `invalid_option` */
export function createEnvironment(platform: Platform, given: PeerOptions): Environment {
  const options = resolveOptions(given);
  const clock = given.clock ?? platform.clock;
  return { platform, clock, options, queue: new StepQueue(clock) };
}
