/** Every machine with what it may start with and be sent, for the tests that take all of them through the same. */
import type { AnyStateMachine } from 'xstate';
import {
  absentPeerExamples,
  edgeExamples,
  type MachineExamples,
  negotiationExamples,
  nodeLinkExamples,
  pairingExamples,
  playerExamples,
  relayLinkExamples,
  remotePlayerExamples,
  remoteSessionExamples,
  roomExamples,
  sessionExamples,
} from '../../../src/machines/index.ts';

export interface MachineCase {
  readonly machine: AnyStateMachine;
  /** What it may start with. */
  readonly inputs: readonly unknown[];
  readonly events: readonly { type: string }[];
}

const caseOf = ({ machine, inputs, events }: MachineExamples) =>
  [machine.id, { machine, inputs, events: Object.values(events).flat() }] as const;

export const machineCases: readonly (readonly [string, MachineCase])[] = [
  sessionExamples,
  pairingExamples,
  roomExamples,
  edgeExamples,
  playerExamples,
  negotiationExamples,
  nodeLinkExamples,
  remotePlayerExamples,
  remoteSessionExamples,
  relayLinkExamples,
  absentPeerExamples,
].map((examples) => caseOf(examples as MachineExamples));
