/** Pure XState machines and the host that steps them: no socket, timer, clock, random, env or logger. */
export * from './chart.ts';
export * from './host.ts';
export * from './negotiation.ts';
export * from './node-link.ts';
export * from './pairing.ts';
export * from './player.ts';
export * from './relay-link.ts';
export * from './relay-link-effects.ts';
export * from './relay-link-events.ts';
export * from './relay-table.ts';
export * from './remote-session.ts';
export * from './session.ts';
export * from './session-events.ts';
export * from './state-ids.ts';
export * from './step-queue.ts';
export * from './timer-wheel.ts';
export * from './transition-name.ts';
export type { GuardVerdict } from './why-ignored.ts';
