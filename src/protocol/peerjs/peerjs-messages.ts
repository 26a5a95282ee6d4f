/**
 * PeerJS's wire (npm `peerjs` 1.5.5, `peer` 1.0.2): the server's messages, and the fields of a client's message that
 * the server reads. The payload is opaque to the server.
 */
import { isRecord } from '../schema.ts';

/** What one client sends to another; the first three are a negotiation. */
export const peerJsRelayedTypes = ['OFFER', 'ANSWER', 'CANDIDATE', 'LEAVE', 'EXPIRE'] as const;
export type PeerJsRelayedType = (typeof peerJsRelayedTypes)[number];

export type PeerJsMessage =
  | { readonly type: 'HEARTBEAT' }
  /** @property dst a LEAVE without it leaves the server */
  | { readonly type: PeerJsRelayedType; readonly dst?: string; readonly payload?: unknown };

/** @returns undefined for a message that the original server ignores */
export function readPeerJsMessage(message: unknown): PeerJsMessage | undefined {
  if (!isRecord(message)) return undefined;
  const { type, dst, payload } = message;
  if (type === 'HEARTBEAT') return { type };
  const relayed = peerJsRelayedTypes.find((known) => known === type);
  if (!relayed) return undefined;
  const isForNobody = dst === undefined || dst === null || dst === '';
  if (!isForNobody && typeof dst !== 'string') return undefined;
  if (isForNobody) return relayed === 'LEAVE' ? { type: relayed } : undefined;
  return { type: relayed, dst: dst as string, payload };
}

const PASSED_ON: ReadonlySet<string> = new Set(['type', 'dst', 'payload']);

/** Whether a client's message has only fields that are passed on; the original server leaves out others. */
export function isPassedOnWhole(message: object): boolean {
  for (const field in message) if (!PASSED_ON.has(field)) return false;
  return true;
}

/** Writes a message as the original server does, field by field. */
export function writePeerJsMessage(
  type: PeerJsRelayedType,
  src: string,
  dst: string,
  payload?: unknown,
): string {
  return JSON.stringify({ type, src, dst, payload });
}

const said = (type: 'ERROR' | 'ID-TAKEN', msg: string) => JSON.stringify({ type, payload: { msg } });

/** Why a client is refused, where the original has no words for it. */
export const peerJsError = (why: string): string => said('ERROR', why);

/** The server's own messages. */
export const peerJsNotices = {
  open: JSON.stringify({ type: 'OPEN' }),
  idTaken: said('ID-TAKEN', 'ID is taken'),
  noIdTokenOrKey: said('ERROR', 'No id, token, or key supplied to websocket server'),
  invalidKey: said('ERROR', 'Invalid key provided'),
  /** The original has these words for it, and does not use them. */
  invalidToken: (why: string) => said('ERROR', `Invalid token provided: ${why}`),
  tooManyClients: said('ERROR', 'Server has reached its concurrent user limit'),
  invalidId: said('ERROR', 'The id or token is too long, or has characters that cannot be printed'),
  flood: said('ERROR', 'You send too many messages'),
} as const;

export const DEFAULT_PEERJS_KEY = 'peerjs';
/** For an id that a client chose, or a token that a server without authentication does not look into. */
export const MAX_PEERJS_ID_CHARS = 256;

/** How long signals to a peer that is not connected are held, and how many from one client. */
export const PEERJS_HOLD_MS = 5_000;
export const MAX_HELD_SIGNALS = 32;
export const MAX_HELD_BYTES = 64 * 1024;
/** How many absent peers one client may wait for at a time. */
export const MAX_ABSENT_PEERS = 32;
