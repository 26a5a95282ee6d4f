/** Encodes messages of the relay-chat protocol. */
import { layouts, type Width } from './layout.ts';
import type { RelayMessage } from './relay-messages.ts';

const utf8 = new TextEncoder();
/** Shared buffer: each message is written here, and copied once its length is known. */
let draft = new Uint8Array(4 * 1024);

/**
 * @returns the message's bytes
 * @throws {RangeError} if a text is longer than the protocol, or our limit on contents, allows, or a number does not
 * fit its field
 */
export function encodeRelayMessage(message: RelayMessage): Uint8Array {
  const layout = layouts[message.type];
  const values = message as unknown as Readonly<Record<string, number | string>>;
  draft[0] = layout.typeByte;
  let at = 1;
  for (const { field, width } of layout.numbers) {
    const value = values[field] as number;
    if (!Number.isInteger(value) || value < 0 || value >= 2 ** (8 * width))
      throw new RangeError(`${field} should be a whole number of ${8 * width} bits`);
    at = writeNumber(at, value, width);
  }
  let end = layout.headerBytes;
  for (const { field, width, maxBytes } of layout.texts) {
    const text = values[field] as string;
    const bytes = writeText(end, text, maxBytes);
    if (bytes > maxBytes)
      throw new RangeError(`${field} is ${bytes} bytes long; at most ${maxBytes} are allowed`);
    at = writeNumber(at, bytes, width);
    end += bytes;
  }
  return draft.slice(0, end);
}

function writeNumber(at: number, value: number, width: Width): number {
  for (let next = at + width - 1, rest = value; next >= at; next -= 1, rest >>>= 8) draft[next] = rest & 0xff;
  return at + width;
}

/** @returns the length of the text in bytes; if that exceeds the limit, the text is not written completely */
function writeText(at: number, text: string, maxBytes: number): number {
  // A UTF-16 unit takes at most three bytes of UTF-8.
  const most = Math.min(3 * text.length, maxBytes);
  if (at + most > draft.length) draft = grown(at + most);
  const { read, written } = utf8.encodeInto(text, draft.subarray(at, at + most));
  return read === text.length ? written : utf8.encode(text).length;
}

function grown(bytes: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(2 * bytes);
  larger.set(draft);
  return larger;
}
