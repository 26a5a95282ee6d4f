/** What the manager needs of the game's Socket.IO client, and how signals are encoded on it. */
import {
  explain,
  isRecord,
  MAX_ROOM_ID_CHARS,
  type RoomEvents,
  type RoomId,
  type RoomSignalType,
  serverSchemas,
} from '../../protocol/index.ts';
import type { PeerSignal, Signal } from '../negotiation/signaling.ts';
import type { IceCandidate } from '../rtc/types.ts';

/** The part of socket.io-client's Socket that is used. */
export interface GameSocket {
  readonly connected: boolean;
  // biome-ignore lint/suspicious/noExplicitAny: as socket.io-client types its listeners
  on(event: string, listener: (...args: any[]) => void): unknown;
  // biome-ignore lint/suspicious/noExplicitAny: as socket.io-client types its listeners
  off(event: string, listener: (...args: any[]) => void): unknown;
  emit(event: string, ...args: unknown[]): unknown;
}

export type RoomSignal = Pick<RoomEvents['webrtc_signal'], 'type' | 'payload'>;

/**
 * Decodes an incoming signal, as far as it can be trusted.
 * @returns undefined if it is not a signal
 */
export function readSignal(data: unknown): (RoomSignal & { game: RoomId; from: RoomId }) | undefined {
  if (!isRecord(data)) return undefined;
  const { type, from_player_id: from, game_id: game, payload } = data;
  const isSignal = type === 'offer' || type === 'answer' || type === 'ice-candidate';
  return isSignal && isRoomId(from) && isRoomId(game) ? { type, from, game, payload } : undefined;
}

/** About how many characters the data has; what is nested deeper than a payload's fields is not ours. */
export function charsIn(data: unknown): number {
  if (typeof data === 'string') return data.length;
  let chars = 0;
  for (const field in data as { readonly [field: string]: unknown }) {
    const value = (data as { readonly [field: string]: unknown })[field];
    chars += field.length + (typeof value === 'string' ? value.length : 0);
  }
  return chars;
}

/** @returns undefined if the data does not name a player of a game */
export function readPlayer(data: unknown): { game: RoomId; player: RoomId; reason: unknown } | undefined {
  if (!isRecord(data)) return undefined;
  const { game_id: game, player_id: player, reason } = data;
  return isRoomId(game) && isRoomId(player) ? { game, player, reason } : undefined;
}

/**
 * Checks a player's signal as strictly as a native message. Clients send a description as WebRTC's object or as bare
 * SDP.
 * @returns what is wrong with it, in place of a signal
 */
export function peerSignalFrom({ type, payload }: RoomSignal): PeerSignal | string {
  if (type === 'ice-candidate') {
    const message = { type: 'candidate', candidate: payload, from_peer: true };
    const problem = explain(serverSchemas.candidate, message);
    return problem ?? { type: 'CANDIDATE_RECEIVED', candidate: candidateIn(payload as IceCandidate | null) };
  }
  const sdp = isRecord(payload) ? payload.sdp : payload;
  const problem = explain(serverSchemas[type], { type, sdp, from_peer: true });
  return problem ?? { type: type === 'offer' ? 'OFFER_RECEIVED' : 'ANSWER_RECEIVED', sdp: sdp as string };
}

/** Without what else the player put into it: it may be kept for long. */
function candidateIn(payload: IceCandidate | null): IceCandidate | null {
  if (payload === null) return null;
  const { candidate, sdpMid, sdpMLineIndex, usernameFragment } = payload;
  return {
    candidate,
    ...(sdpMid !== undefined && { sdpMid }),
    ...(sdpMLineIndex !== undefined && { sdpMLineIndex }),
    ...(usernameFragment !== undefined && { usernameFragment }),
  };
}

/**
 * Encodes one of our messages for the other player.
 * @returns undefined for what this dialect cannot express, including the end of candidates, which existing clients
 * would not understand
 */
export function roomSignalFrom(message: Signal): RoomSignal | undefined {
  switch (message.type) {
    case 'offer':
    case 'answer':
      return { type: message.type, payload: { type: message.type, sdp: message.sdp } };
    case 'candidate':
      return message.candidate
        ? { type: 'ice-candidate' satisfies RoomSignalType, payload: message.candidate }
        : undefined;
    default:
      return undefined;
  }
}

/**
 * Identifies the peer connection of a description by its DTLS fingerprint (RFC 8122): an ICE restart keeps it, and a
 * new connection changes it.
 */
export function fingerprintOf(sdp: string): string | undefined {
  return /^a=fingerprint:(.*)$/m.exec(sdp)?.[1]?.trim();
}

export function isRoomId(value: unknown): value is RoomId {
  return typeof value === 'number' || (typeof value === 'string' && value.length <= MAX_ROOM_ID_CHARS);
}
