/**
 * Pairlane's machines, the host that steps them, and what is needed to test them or to host a machine of one's own:
 * pure XState, without sockets, timers, clocks, randomness, environment or logger.
 */

export { absentPeerExamples } from './absent-peer/absent-peer-examples.ts';
export {
  type AbsentPeerContext,
  type AbsentPeerEffects,
  type AbsentPeerEvent,
  type AbsentPeerInput,
  absentPeerMachine,
} from './absent-peer/absent-peer-machine.ts';
export { authorizationExamples } from './authorization/authorization-examples.ts';
export {
  type AuthorizationContext,
  type AuthorizationEffects,
  type AuthorizationEvent,
  type AuthorizationInput,
  authorizationMachine,
} from './authorization/authorization-machine.ts';
export { type Chart, type ChartCall, type ChartState, type ChartTransition, chartOf } from './chart/chart.ts';
export { nameTransitions } from './chart/transition-names.ts';
export { deliveryExamples } from './delivery/delivery-examples.ts';
export {
  type DeliveryContext,
  type DeliveryEffects,
  type DeliveryEvent,
  deliveryMachine,
} from './delivery/delivery-machine.ts';
export { edgeExamples } from './edge/edge-examples.ts';
export {
  type EdgeContext,
  type EdgeEffects,
  type EdgeEvent,
  type EdgeInput,
  type EdgeReason,
  edgeMachine,
} from './edge/edge-machine.ts';
export { type EffectFrom, type EventOf, type Executors, effect, eventOf } from './host/effect.ts';
export { type HostOptions, MachineHost } from './host/machine-host.ts';
export type { MachineExamples } from './machine-examples.ts';
export { negotiationExamples } from './negotiation/negotiation-examples.ts';
export { type NegotiationEffects, negotiationMachine } from './negotiation/negotiation-machine.ts';
export { nodeLinkExamples } from './node-link/node-link-examples.ts';
export {
  type NodeLinkContext,
  type NodeLinkEffects,
  type NodeLinkEvent,
  type NodeLinkInput,
  type NodeLinkSettings,
  nodeLinkMachine,
} from './node-link/node-link-machine.ts';
export { pairingExamples } from './pairing/pairing-examples.ts';
export {
  type PairingContext,
  type PairingEffects,
  type PairingEvent,
  type PairingInput,
  pairingMachine,
  type Side,
} from './pairing/pairing-machine.ts';
export type { CloseReason, RejectReason, RelayLinkEffects } from './relay-link/relay-link-effects.ts';
export type { Destination, RelayLinkEvent } from './relay-link/relay-link-events.ts';
export { relayLinkExamples } from './relay-link/relay-link-examples.ts';
export {
  type RelayLinkContext,
  type RelayLinkInput,
  relayLinkMachine,
} from './relay-link/relay-link-machine.ts';
export type { Standing } from './relay-link/relay-table.ts';
export { remotePlayerExamples } from './remote-player/remote-player-examples.ts';
export {
  type RemotePlayerEffects,
  type RemotePlayerEvent,
  remotePlayerMachine,
} from './remote-player/remote-player-machine.ts';
export { remoteSessionExamples } from './remote-session/remote-session-examples.ts';
export {
  type RemoteSessionContext,
  type RemoteSessionEffects,
  type RemoteSessionEvent,
  type RemoteSessionInput,
  remoteSessionMachine,
} from './remote-session/remote-session-machine.ts';
export type {
  PasswordVerdict,
  RoomContext,
  RoomEvent,
  RoomInput,
  RoomRules,
} from './room/room-events.ts';
export { roomExamples } from './room/room-examples.ts';
export { type RoomEffects, roomMachine } from './room/room-machine.ts';
export { compareMembers, type LeaderRule, type RoomMember } from './room/room-members.ts';
export type {
  PairTarget,
  SessionContext,
  SessionEvent,
  SessionInput,
  SessionSettings,
} from './session/session-events.ts';
export { sessionExamples } from './session/session-examples.ts';
export { type SessionEffects, sessionMachine } from './session/session-machine.ts';
export * from './without-xstate.ts';
