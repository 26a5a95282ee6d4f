/**
 * What the tests have covered of the machines: every transition and, for the four main machines, each two consecutive
 * ones and both results of each guard. Every host under test is observed; each test file writes down what it took, and
 * the gate (coverage-gate.js, a jest reporter) fails a run of all tests that leaves something out, and names it. What a
 * test takes counts only if it asserts something afterwards and passes. What setup, teardown and randomized tests take
 * does not count: otherwise the gate would guarantee nothing, or pass by chance.
 */
import { expect } from '@jest/globals';
import type { Step } from '../../../src/machines/index.ts';
import { type NamedItem, type StepItem, StepItems } from '../../../src/testing/machines/step-items.ts';

/** Machines for which pairs and guards must be covered, too (test/machines/pairs.test.ts). */
const MAIN = new Set(['pairing', 'session', 'room', 'negotiation']);

/** How often tests took what counts, and which tests. */
const taken = new Map<StepItem, { times: number; readonly tests: Set<string> }>();
/** How many tests are recorded per test file. */
const MAX_TESTS = 10;
/** What the body of this test took: how often, and how many assertions it had made when it first did. */
const takenByThisTest = new Map<StepItem, { times: number; readonly assertions: number }>();
const items = new StepItems((machineId) => MAIN.has(machineId));
let isInBody = false;
let isByChance = false;

/** How often the body has called `expect` so far. */
const assertionsSoFar = () => expect.getState().assertionCalls;

/** An observer for any host: records what the step took. */
export function noteTransitions(
  step: Pick<Step<unknown>, 'machineId' | 'instance' | 'from' | 'event' | 'transitions'>,
): void {
  // Read in any case: what setup took precedes what the body takes.
  const read = items.itemsOf(step);
  if (!isInBody) return;
  for (const item of read) {
    const known = takenByThisTest.get(item);
    if (known) known.times += 1;
    else takenByThisTest.set(item, { times: 1, assertions: assertionsSoFar() });
  }
}

/** Further items to cover, besides every transition. */
const demanded: NamedItem[] = [];

/** These must be covered, too, in a run of all tests. */
export function demand(more: readonly NamedItem[]): void {
  demanded.push(...more);
}

/** What this test takes depends on chance. */
export function leaveToChance(): void {
  isByChance = true;
}

/** Follows a test: what the body took and asserted something after counts, but only if the body passed. */
export function onTestEvent(event: string): void {
  if (event === 'test_fn_start') {
    takenByThisTest.clear();
    isInBody = true;
    isByChance = false;
  } else if (event === 'test_fn_success' || event === 'test_fn_failure') {
    isInBody = false;
    if (event === 'test_fn_failure' || isByChance) return;
    for (const [item, { times, assertions }] of takenByThisTest)
      if (assertionsSoFar() > assertions) count(item, times);
  }
}

function count(item: StepItem, times: number): void {
  const known = taken.get(item) ?? { times: 0, tests: new Set() };
  taken.set(item, known);
  known.times += times;
  const { testPath = '', currentTestName = '' } = expect.getState();
  const test = `${testPath.replace(/^.*\/test\//, '')}: ${currentTestName}`;
  if (known.tests.size < MAX_TESTS) known.tests.add(test);
}

/** Writes down what this process has taken so far. A test file that takes nothing need not load the machines. */
export async function writeTransitions(): Promise<void> {
  const folder = process.env.TRANSITIONS_FOLDER; // From coverage-gate.js.
  if (taken.size === 0 || !folder) return;
  const [{ gatedMachines }, { ItemNames }, { CoverageCounts }] = await Promise.all([
    import('./gated-machines.ts'),
    import('../../../src/testing/machines/step-items.ts'),
    import('../../../src/testing/machines/coverage-counts.ts'),
  ]);
  const names = new ItemNames(gatedMachines as never);
  const counts = new CoverageCounts();
  for (const [group, name] of [...names.transitions, ...demanded]) counts.know(group, name);
  for (const [item, { times, tests }] of taken)
    for (const [group, name] of names.namesOf(item)) counts.count(group, name, times, ...tests);
  counts.save(folder);
}
