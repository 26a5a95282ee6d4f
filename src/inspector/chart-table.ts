/** The machines that have a chart: a line here is all that a new one needs, then `npm run charts`. */
import type { AnyStateMachine } from 'xstate';
import { negotiationMachine } from '../machines/negotiation.ts';
import { nodeLinkMachine } from '../machines/node-link.ts';
import { pairingMachine } from '../machines/pairing.ts';
import { playerMachine } from '../machines/player.ts';
import { relayLinkMachine } from '../machines/relay-link.ts';
import { remoteSessionMachine } from '../machines/remote-session.ts';
import { sessionMachine } from '../machines/session.ts';

export const chartTable = {
  session: sessionMachine,
  pairing: pairingMachine,
  negotiation: negotiationMachine,
  player: playerMachine,
  'relay-link': relayLinkMachine,
  'node-link': nodeLinkMachine,
  'remote-session': remoteSessionMachine,
} as const satisfies Record<string, AnyStateMachine>;

export type ChartName = keyof typeof chartTable;

export const chartNames = Object.keys(chartTable) as ChartName[];
