/**
 * Which transitions the tests have taken. Every host under test is observed; each test file writes down what it took,
 * and the gate (coverage-gate.js, a jest reporter) fails a run of all of them that leaves one out, and names it. What a
 * test takes counts only if it asserts something afterwards and passes. What setting up, putting away and a randomized
 * test take does not count: the gate would then hold nothing, or pass by chance.
 */
import { writeFileSync } from 'node:fs';
import { expect } from '@jest/globals';
import type { Step, TakenTransition } from '../../../src/machines/index.ts';

/** How often tests took a transition that count, and which tests. */
const taken = new Map<TakenTransition, { times: number; readonly tests: Set<string> }>();
/** As many as a report names for a transition, of one test file. */
const MAX_TESTS = 10;
/** What the body of this test took: how often, and how much it had asserted when it took it first. */
const takenByThisTest = new Map<TakenTransition, { times: number; readonly assertions: number }>();
let isInBody = false;
let isByChance = false;

/** How often the body has called `expect` so far. */
const assertionsSoFar = () => expect.getState().assertionCalls;

/** An observer for any host: notes the transitions of the step. */
export function noteTransitions(step: Pick<Step<unknown>, 'transitions'>): void {
  if (!isInBody) return;
  for (const transition of step.transitions) {
    const known = takenByThisTest.get(transition);
    if (known) known.times += 1;
    else takenByThisTest.set(transition, { times: 1, assertions: assertionsSoFar() });
  }
}

/** What this test takes is a matter of chance. */
export function leaveToChance(): void {
  isByChance = true;
}

/** Follows a test: a transition counts that the body took and asserted something after, and only if the body passed. */
export function onTestEvent(event: string): void {
  if (event === 'test_fn_start') {
    takenByThisTest.clear();
    isInBody = true;
    isByChance = false;
  } else if (event === 'test_fn_success' || event === 'test_fn_failure') {
    isInBody = false;
    if (event === 'test_fn_failure' || isByChance) return;
    for (const [transition, { times, assertions }] of takenByThisTest)
      if (assertionsSoFar() > assertions) count(transition, times);
  }
}

function count(transition: TakenTransition, times: number): void {
  const known = taken.get(transition) ?? { times: 0, tests: new Set() };
  taken.set(transition, known);
  known.times += times;
  const { testPath = '', currentTestName = '' } = expect.getState();
  const test = `${testPath.replace(/^.*\/test\//, '')}: ${currentTestName}`;
  if (known.tests.size < MAX_TESTS) known.tests.add(test);
}

/** Writes down what this process has taken so far. A test file that takes nothing need not load the machines. */
export async function writeTransitions(): Promise<void> {
  const folder = process.env.TRANSITIONS_FOLDER; // From coverage-gate.js.
  if (taken.size === 0 || !folder) return;
  const { namesOfGated } = await import('./gated-machines.ts');
  const names = namesOfGated();
  const file = `${folder}/${process.pid}-${process.hrtime.bigint()}.json`;
  const known = [...taken].flatMap(([transition, { times, tests }]) => {
    const name = names.get(transition);
    return name === undefined ? [] : [[name, times, [...tests]]];
  });
  writeFileSync(file, JSON.stringify({ all: [...names.values()], taken: known }));
}
