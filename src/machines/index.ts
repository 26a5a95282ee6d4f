/** Pure XState machines and the host that steps them: no socket, timer, clock, random, env or logger. */

export { fullJitter } from './backoff.ts';
export * from './chart/active-state-ids.ts';
export * from './chart/chart.ts';
export * from './chart/transition-names.ts';
export type { GuardVerdict } from './host/explain-ignored.ts';
export * from './host/machine-host.ts';
export * from './host/step-queue.ts';
export * from './host/timer-wheel.ts';
export * from './negotiation/negotiation-events.ts';
export * from './negotiation/negotiation-machine.ts';
export * from './node-link/node-link-machine.ts';
export * from './pairing/pairing-machine.ts';
export * from './player/player-machine.ts';
export * from './relay-link/relay-link-effects.ts';
export * from './relay-link/relay-link-events.ts';
export * from './relay-link/relay-link-machine.ts';
export * from './relay-link/relay-table.ts';
export * from './remote-session/remote-session-machine.ts';
export * from './session/session-events.ts';
export * from './session/session-machine.ts';
