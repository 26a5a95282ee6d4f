/** The machines whose every transition must be taken by a test. */
import {
  absentPeerMachine,
  authorizationMachine,
  deliveryMachine,
  edgeMachine,
  negotiationMachine,
  nodeLinkMachine,
  pairingMachine,
  relayLinkMachine,
  remotePlayerMachine,
  remoteSessionMachine,
  roomMachine,
  sessionMachine,
} from '../../../src/machines/index.ts';

export const gatedMachines = [
  sessionMachine,
  pairingMachine,
  negotiationMachine,
  roomMachine,
  edgeMachine,
  relayLinkMachine,
  nodeLinkMachine,
  remotePlayerMachine,
  remoteSessionMachine,
  absentPeerMachine,
  deliveryMachine,
  authorizationMachine,
] as const;
