/** Shared by all parts of one peer: its platform, the time, its options, the queue in which its machines step, and
 * what makes its connections. */
import type { Clock } from '../../common/clock.ts';
import { StepQueue } from '../../machines/without-xstate.ts';
import { ConnectionMaker } from '../rtc/connection-maker.ts';
import type { PeerOptions, ResolvedOptions } from './peer-options.ts';
import { resolveOptions } from './peer-options.ts';
import type { Platform } from './platform.ts';

export interface Environment {
  readonly platform: Platform;
  readonly clock: Clock;
  readonly options: ResolvedOptions;
  readonly queue: StepQueue;
  readonly connections: ConnectionMaker;
}

/** @throws {PairlaneError} `invalid_option` */
export function createEnvironment(platform: Platform, given: PeerOptions): Environment {
  const options = resolveOptions(given);
  const clock = given.clock ?? platform.clock;
  const { iceServers, iceTransportPolicy, iceAdditionalHostAddresses, silenceMs, channels } = options;
  const config = { iceServers, iceTransportPolicy, iceAdditionalHostAddresses, silenceMs };
  const connections = new ConnectionMaker(
    platform.createConnection,
    config,
    channels,
    platform.isSlowToCreate === true,
  );
  return { platform, clock, options, queue: new StepQueue(clock), connections };
}
