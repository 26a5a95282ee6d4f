/** Tools to test programs that use Pairlane, and state machines in general, with any test runner. */

export { type MachineCase, type TableOptions, tableOf } from './machines/machine-table.ts';
export { type ItemPath, pairPathsOf } from './machines/pairs.ts';
export { type Move, type Path, pathsOf, type WalkOptions, walks } from './machines/paths.ts';
export { type CoverageOptions, TransitionCoverage } from './machines/transition-coverage.ts';
export { ManualClock } from './manual-clock.ts';
export { type Drop, type NetworkOptions, SimulatedNetwork } from './network/simulated-network.ts';
export { expectRecord } from './records/expect-record.ts';
export { TestWorld, type TestWorldOptions } from './test-world.ts';
