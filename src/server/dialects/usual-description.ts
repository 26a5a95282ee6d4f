/**
 * A session description is long, and the server passes it on without looking into it, unless somebody looks at its
 * pairing. So one that looks exactly as browsers write it is only checked, and decoded when it is asked for. One that
 * differs in any way is left to the parser; tests compare what both read.
 */
import { plainEnd } from './plain-end.ts';

export class UsualDescription<Type extends 'offer' | 'answer' = 'offer' | 'answer'> {
  readonly type: Type;
  readonly epoch?: number;
  readonly #json: string;

  /** @param json a JSON string */
  constructor(type: Type, json: string, epoch?: number) {
    this.type = type;
    this.#json = json;
    if (epoch !== undefined) this.epoch = epoch;
  }

  get sdp(): string {
    return JSON.parse(this.#json);
  }
}

/** How a message with a description looks before and after its SDP. */
export interface UsualFrame {
  readonly type: 'offer' | 'answer';
  /** Up to the quotation mark before the SDP. */
  readonly head: string;
  /** From the quotation mark after it; sticky. */
  readonly tail: RegExp;
}

export interface UsualParts {
  readonly type: 'offer' | 'answer';
  /** The SDP as a JSON string. */
  readonly json: string;
  /** The groups of the tail. */
  readonly tail: RegExpExecArray;
}

/**
 * @param text what the bytes say, with a byte order mark if they have one
 * @returns undefined for a message that looks otherwise
 */
export function usualPartsOf(
  text: string,
  bytes: ArrayBuffer | Uint8Array,
  frames: readonly UsualFrame[],
): UsualParts | undefined {
  for (const { type, head, tail } of frames) {
    if (!text.startsWith(head)) continue;
    const end = plainEnd(bytes instanceof ArrayBuffer ? new Uint8Array(bytes) : bytes, head.length);
    if (end === undefined) return undefined;
    // All before it is ASCII, so the place is the same in the text.
    tail.lastIndex = end;
    const found = tail.exec(text);
    return found ? { type, json: text.slice(head.length - 1, end + 1), tail: found } : undefined;
  }
  return undefined;
}
