/** Every machine with its possible inputs and events, for tests that run on all machines. */
import {
  absentPeerExamples,
  authorizationExamples,
  deliveryExamples,
  edgeExamples,
  type MachineExamples,
  negotiationExamples,
  nodeLinkExamples,
  pairingExamples,
  relayLinkExamples,
  remotePlayerExamples,
  remoteSessionExamples,
  roomExamples,
  sessionExamples,
} from '../../../src/machines/index.ts';
import type { MachineCase } from '../../../src/testing/machines/machine-table.ts';

export type { MachineCase };

const caseOf = ({ machine, inputs, events }: MachineExamples) =>
  [machine.id, { machine, inputs, events: Object.values(events).flat() }] as const;

export const machineCases: readonly (readonly [string, MachineCase])[] = [
  sessionExamples,
  pairingExamples,
  roomExamples,
  edgeExamples,
  negotiationExamples,
  nodeLinkExamples,
  remotePlayerExamples,
  remoteSessionExamples,
  relayLinkExamples,
  absentPeerExamples,
  authorizationExamples,
  deliveryExamples,
].map((examples) => caseOf(examples as MachineExamples));
