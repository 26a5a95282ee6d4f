/** All faults: how each is staged, and what the inspector has to say about it. */
import type { StagedFault } from './fault.ts';
import { faultsOfSignaling } from './faults-of-signaling.ts';
import { faultsOfWays } from './faults-of-ways.ts';

export const faults: readonly StagedFault[] = [...faultsOfSignaling, ...faultsOfWays];
