/**
 * Which transitions the tests have taken. Every host under test is observed; each test file writes down what it took,
 * and the gate (coverage-gate.js, a jest reporter) fails a full run that leaves one out, and names it. What a randomized
 * test takes does not count: the gate would then pass or fail by chance.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import {
  nameTransitions,
  negotiationMachine,
  nodeLinkMachine,
  pairingMachine,
  playerMachine,
  relayLinkMachine,
  remoteSessionMachine,
  type Step,
  sessionMachine,
  type TakenTransition,
} from '../../../src/machines/index.ts';

/** The machines whose every transition must be taken. */
export const gatedMachines = [
  sessionMachine,
  pairingMachine,
  negotiationMachine,
  playerMachine,
  relayLinkMachine,
  nodeLinkMachine,
  remoteSessionMachine,
] as const;

/** Also known to coverage-gate.js. */
const FOLDER = '.cache/transitions';

const names = new Map<TakenTransition, string>(
  gatedMachines.flatMap((machine) => [...nameTransitions(machine as never)]),
);
const taken = new Set<string>();
const takenByThisTest = new Set<string>();
let isByChance = false;

/** An observer for any host: notes the transitions of the step. */
export function noteTransitions(step: Pick<Step<unknown>, 'transitions'>): void {
  for (const transition of step.transitions) {
    const name = names.get(transition);
    if (name) takenByThisTest.add(name);
  }
}

/** What this test takes, also when it is put away, is a matter of chance. */
export function leaveToChance(): void {
  isByChance = true;
}

/** Between tests: from here on it is the next one. */
export function endTest(): void {
  if (!isByChance) for (const name of takenByThisTest) taken.add(name);
  takenByThisTest.clear();
  isByChance = false;
}

/** Writes down what this process has taken so far. */
export function writeTransitions(): void {
  endTest();
  if (taken.size === 0) return;
  mkdirSync(FOLDER, { recursive: true });
  const file = `${FOLDER}/${process.pid}-${process.hrtime.bigint()}.json`;
  writeFileSync(file, JSON.stringify({ all: [...names.values()], taken: [...taken] }));
}
