/** The wire: a schema per message, a union per direction, error codes, close codes, limits. */

export {
  type Evidence,
  type EvidencePair,
  evidenceSchema,
  type Flow,
  pickEvidence,
} from './inspect/evidence.ts';
export { MAX_EVIDENCE_PAIRS } from './inspect/evidence-values.ts';
export * from './inspect/inspect-messages.ts';
export * from './inspect/views.ts';
export * from './native/client-messages.ts';
export * from './native/close-codes.ts';
export * from './native/error-codes.ts';
export * from './native/limits.ts';
export * from './native/pairing-key.ts';
export * from './native/permissions.ts';
export * from './native/reliable-delivery.ts';
export type { Topology } from './native/room-fields.ts';
export { edgeReasons, type MemberLeftReason, memberLeftReasons } from './native/room-server-messages.ts';
export * from './native/server-messages.ts';
export * from './peerjs/peerjs-messages.ts';
export * from './rooms/room-messages.ts';
export { explain, isRecord, type Schema } from './schema.ts';
export * from './topics/topic-messages.ts';
