/** The machines that have a chart: a new one needs only a line here, and `npm run charts`. */
import type { AnyStateMachine } from 'xstate';
import { absentPeerMachine } from '../../machines/absent-peer/absent-peer-machine.ts';
import { authorizationMachine } from '../../machines/authorization/authorization-machine.ts';
import { deliveryMachine } from '../../machines/delivery/delivery-machine.ts';
import { edgeMachine } from '../../machines/edge/edge-machine.ts';
import { negotiationMachine } from '../../machines/negotiation/negotiation-machine.ts';
import { nodeLinkMachine } from '../../machines/node-link/node-link-machine.ts';
import { pairingMachine } from '../../machines/pairing/pairing-machine.ts';
import { relayLinkMachine } from '../../machines/relay-link/relay-link-machine.ts';
import { remotePlayerMachine } from '../../machines/remote-player/remote-player-machine.ts';
import { remoteSessionMachine } from '../../machines/remote-session/remote-session-machine.ts';
import { roomMachine } from '../../machines/room/room-machine.ts';
import { sessionMachine } from '../../machines/session/session-machine.ts';

export const chartTable = {
  session: sessionMachine,
  pairing: pairingMachine,
  room: roomMachine,
  edge: edgeMachine,
  negotiation: negotiationMachine,
  'relay-link': relayLinkMachine,
  'node-link': nodeLinkMachine,
  'remote-session': remoteSessionMachine,
  'remote-player': remotePlayerMachine,
  'absent-peer': absentPeerMachine,
  authorization: authorizationMachine,
  delivery: deliveryMachine,
} as const satisfies Record<string, AnyStateMachine>;

export type ChartName = keyof typeof chartTable;

export const chartNames = Object.keys(chartTable) as ChartName[];
