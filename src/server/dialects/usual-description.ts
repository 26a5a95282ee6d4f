/**
 * A session description is long, and the server passes it on without looking into it, unless its pairing is recorded. So
 * one that looks exactly as browsers write it is only checked, in its bytes. One that differs in any way is left to the
 * parser; tests compare what both read.
 */
import { plainEnd } from './plain-end.ts';

/** How a message with a description looks before and after its SDP. */
export interface UsualFrame {
  readonly type: 'offer' | 'answer';
  /** Up to the quotation mark before the SDP. */
  readonly head: Uint8Array;
  /** From the quotation mark after it. */
  readonly tail: RegExp;
}

export interface UsualParts {
  readonly type: 'offer' | 'answer';
  /** Where the SDP begins and ends in the bytes, without its quotation marks. */
  readonly from: number;
  readonly end: number;
  /** The groups of the tail. */
  readonly tail: RegExpExecArray;
}

/** What is no UTF-8 is replaced by a character that no tail has. A byte order mark is kept, which none has either. */
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

export function usualFrame(type: UsualFrame['type'], head: string, tail: RegExp): UsualFrame {
  return { type, head: new TextEncoder().encode(head), tail };
}

/** @returns undefined for a message that looks otherwise */
export function usualPartsOf(bytes: Uint8Array, frames: readonly UsualFrame[]): UsualParts | undefined {
  for (const { type, head, tail } of frames) {
    if (!startsWith(bytes, head)) continue;
    const from = head.length;
    const end = plainEnd(bytes, from);
    if (end === undefined) return undefined;
    const found = tail.exec(utf8.decode(bytes.subarray(end)));
    return found ? { type, from, end, tail: found } : undefined;
  }
  return undefined;
}

function startsWith(bytes: Uint8Array, head: Uint8Array): boolean {
  for (let at = 0; at < head.length; at += 1) if (bytes[at] !== head[at]) return false;
  return true;
}
