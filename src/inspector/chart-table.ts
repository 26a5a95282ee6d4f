/** The machines that have a chart: a line here is all that a new one needs, then `npm run charts`. */
import type { AnyStateMachine } from 'xstate';
import { negotiationMachine } from '../machines/negotiation.ts';
import { pairingMachine } from '../machines/pairing.ts';
import { relayLinkMachine } from '../machines/relay-link.ts';
import { sessionMachine } from '../machines/session.ts';

export const chartTable = {
  session: sessionMachine,
  pairing: pairingMachine,
  negotiation: negotiationMachine,
  'relay-link': relayLinkMachine,
} as const satisfies Record<string, AnyStateMachine>;

export type ChartName = keyof typeof chartTable;

export const chartNames = Object.keys(chartTable) as ChartName[];
