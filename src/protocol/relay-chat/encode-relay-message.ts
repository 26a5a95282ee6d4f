/** Turns a message of the relay-chat protocol into its bytes. */
import { layouts, type Width } from './layout.ts';
import type { RelayMessage } from './relay-messages.ts';

const utf8 = new TextEncoder();

/**
 * @returns the message's bytes
 * @throws {RangeError} when a text is longer than the protocol, or our bound on contents, allows, or a number does
 *   not fit its field
 */
export function encodeRelayMessage(message: RelayMessage): Uint8Array {
  const layout = layouts[message.type];
  const values = message as unknown as Readonly<Record<string, number | string>>;
  const texts = layout.texts.map(({ field, maxBytes }) => {
    const bytes = utf8.encode(values[field] as string);
    if (bytes.length > maxBytes)
      throw new RangeError(`${field} is ${bytes.length} bytes long; at most ${maxBytes} are allowed`);
    return bytes;
  });
  const bytes = new Uint8Array(texts.reduce((sum, text) => sum + text.length, layout.headerBytes));
  bytes[0] = layout.typeByte;
  let at = 1;
  for (const { field, width } of layout.numbers) {
    const value = values[field] as number;
    if (!Number.isInteger(value) || value < 0 || value >= 2 ** (8 * width))
      throw new RangeError(`${field} should be a whole number of ${8 * width} bits`);
    at = writeNumber(bytes, at, value, width);
  }
  for (const [i, { width }] of layout.texts.entries())
    at = writeNumber(bytes, at, (texts[i] as Uint8Array).length, width);
  for (const text of texts) {
    bytes.set(text, at);
    at += text.length;
  }
  return bytes;
}

function writeNumber(bytes: Uint8Array, at: number, value: number, width: Width): number {
  for (let i = 0; i < width; i += 1) bytes[at + i] = Math.floor(value / 2 ** (8 * (width - 1 - i))) & 0xff;
  return at + width;
}
