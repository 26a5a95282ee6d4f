/**
 * Which transitions the tests have taken. Every host under test is observed; each test file writes down what it took,
 * and the gate (coverage-gate.js, a jest reporter) fails a full run that leaves one out, and names it.
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
} from '../../src/machines/index.ts';

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

/** An observer for any host: notes the transitions of the step. */
export function noteTransitions(step: Pick<Step<unknown>, 'transitions'>): void {
  for (const transition of step.transitions) {
    const name = names.get(transition);
    if (name) taken.add(name);
  }
}

/** Writes down what this process has taken so far. */
export function writeTransitions(): void {
  if (taken.size === 0) return;
  mkdirSync(FOLDER, { recursive: true });
  const file = `${FOLDER}/${process.pid}-${process.hrtime.bigint()}.json`;
  writeFileSync(file, JSON.stringify({ all: [...names.values()], taken: [...taken] }));
}
