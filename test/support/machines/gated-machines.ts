/** The machines whose every transition must be taken by a test, and the transitions' names. */
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
  sessionMachine,
  type TakenTransition,
} from '../../../src/machines/index.ts';

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
  deliveryMachine,
  authorizationMachine,
] as const;

export const namesOfGated = () =>
  new Map<TakenTransition, string>(
    gatedMachines.flatMap((machine) => [...nameTransitions(machine as never)]),
  );
