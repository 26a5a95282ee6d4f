/**
 * A player's signal as a signal of the core: the parsed message for records and findings, plus the fields to pass on.
 */
import { isRecord, type RoomEvents, type RoomSignalType } from '../../../protocol/index.ts';
import type { Signal, SignalMessage } from '../../signaling/signal.ts';

export interface PlayerSignal extends Signal {
  readonly size: number;
  /** What its target is told, without the game, whose id each player writes in its own way. */
  readonly told: Omit<RoomEvents['webrtc_signal'], 'game_id'>;
}

/** Socket.IO encodes the frame itself. */
const NO_BYTES = new Uint8Array();

/** @param size estimated, in bytes */
export function asSignal(told: PlayerSignal['told'], size: number): PlayerSignal {
  return { bytes: NO_BYTES, size, message: messageOf(told.type, told.payload), told };
}

export function isPlayerSignal(signal: Signal): signal is PlayerSignal {
  return 'told' in signal;
}

/**
 * The payload may be anything: clients send a description or a candidate as the browser made it, its text alone, or
 * either one wrapped in a field.
 */
function messageOf(type: RoomSignalType, payload: unknown): SignalMessage {
  if (type === 'ice-candidate') {
    const inner = isRecord(payload) && isRecord(payload.candidate) ? payload.candidate : payload;
    const line = isRecord(inner) ? inner.candidate : inner;
    return { type: 'candidate', candidate: typeof line === 'string' ? { candidate: line } : null };
  }
  const outer = isRecord(payload) ? payload.sdp : payload;
  const sdp = isRecord(outer) ? outer.sdp : outer;
  return { type, sdp: typeof sdp === 'string' ? sdp : '' };
}
