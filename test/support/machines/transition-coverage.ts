/**
 * Which transitions the tests have taken. Every host under test is observed; each test file writes down what it took,
 * and the gate (coverage-gate.js, a jest reporter) fails a run of all of them that leaves one out, and names it. What a
 * test takes counts only if it asserts something afterwards and passes. What setting up, putting away and a randomized
 * test take does not count: the gate would then hold nothing, or pass by chance.
 */
import { writeFileSync } from 'node:fs';
import { expect } from '@jest/globals';
import {
  absentPeerMachine,
  authorizationMachine,
  deliveryMachine,
  edgeMachine,
  nameTransitions,
  negotiationMachine,
  nodeLinkMachine,
  pairingMachine,
  playerMachine,
  relayLinkMachine,
  remotePlayerMachine,
  remoteSessionMachine,
  roomMachine,
  type Step,
  sessionMachine,
  type TakenTransition,
} from '../../../src/machines/index.ts';

/** The machines whose every transition must be taken. */
export const gatedMachines = [
  sessionMachine,
  pairingMachine,
  negotiationMachine,
  roomMachine,
  edgeMachine,
  playerMachine,
  relayLinkMachine,
  nodeLinkMachine,
  remotePlayerMachine,
  remoteSessionMachine,
  absentPeerMachine,
  authorizationMachine,
  deliveryMachine,
] as const;

const names = new Map<TakenTransition, string>(
  gatedMachines.flatMap((machine) => [...nameTransitions(machine as never)]),
);
const taken = new Set<string>();
/** What the body of this test took, and how much it had asserted by then. */
const takenByThisTest = new Map<string, number>();
let isInBody = false;
let isByChance = false;

/** How often the body has called `expect` so far. */
const assertionsSoFar = () => expect.getState().assertionCalls;

/** An observer for any host: notes the transitions of the step. */
export function noteTransitions(step: Pick<Step<unknown>, 'transitions'>): void {
  if (!isInBody) return;
  for (const transition of step.transitions) {
    const name = names.get(transition);
    if (name) takenByThisTest.set(name, Math.min(takenByThisTest.get(name) ?? Infinity, assertionsSoFar()));
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
    for (const [name, assertions] of takenByThisTest) if (assertionsSoFar() > assertions) taken.add(name);
  }
}

/** Writes down what this process has taken so far. */
export function writeTransitions(): void {
  const folder = process.env.TRANSITIONS_FOLDER; // From coverage-gate.js.
  if (taken.size === 0 || !folder) return;
  const file = `${folder}/${process.pid}-${process.hrtime.bigint()}.json`;
  writeFileSync(file, JSON.stringify({ all: [...names.values()], taken: [...taken] }));
}
