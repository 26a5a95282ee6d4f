/**
 * Reads the relay-chat protocol from a stream of bytes that may be cut anywhere. It buffers no more than the current
 * message, and refuses an excessive length as soon as the header is complete, before allocating memory.
 */
import { type Layout, layoutsByTypeByte, MAX_HEADER_BYTES, type Width } from './layout.ts';
import type { RelayMessage } from './relay-messages.ts';

/** The bytes do not follow this protocol, or exceed a limit. There is no way to find the next message after that. */
export class RelayFormatError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'RelayFormatError';
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const nothing = new Uint8Array(0);

export class RelayDecoder {
  /** The current message: its header until that is complete, then a buffer for exactly the whole message. */
  #buffer = nothing;
  #length = 0;
  /** The total size of the current message; 0 until its header is complete. */
  #needed = 0;
  #error: RelayFormatError | undefined;

  /** How many bytes are buffered for the current message. */
  get bufferedBytes(): number {
    return this.#buffer.length;
  }

  /**
   * Takes the next bytes of the stream and returns each message that they complete.
   * @param take called for each message, in order, including the messages before an error
   * @throws {RelayFormatError} on an error, and on every call after it
   */
  read(bytes: Uint8Array, take: (message: RelayMessage) => void): void {
    if (this.#error) throw this.#error;
    try {
      let at = this.#length > 0 ? this.#complete(bytes, take) : 0;
      while (at < bytes.length) {
        const size = sizeOf(bytes, at, bytes.length);
        if (size === 0 || at + size > bytes.length) {
          this.#keep(bytes, at, size);
          return;
        }
        take(parse(bytes, at));
        at += size;
      }
    } catch (error) {
      if (error instanceof RelayFormatError) {
        this.#error = error;
        this.#forget();
      }
      throw error;
    }
  }

  /**
   * Adds to the current message.
   * @returns how many bytes were used
   */
  #complete(bytes: Uint8Array, take: (message: RelayMessage) => void): number {
    let at = 0;
    while (this.#needed === 0) {
      if (at === bytes.length) return at;
      this.#buffer[this.#length++] = bytes[at++] as number;
      this.#needed = sizeOf(this.#buffer, 0, this.#length);
    }
    if (this.#buffer.length < this.#needed) this.#grow(this.#needed);
    const part = bytes.subarray(at, at + this.#needed - this.#length);
    this.#buffer.set(part, this.#length);
    this.#length += part.length;
    if (this.#length === this.#needed) {
      const message = parse(this.#buffer, 0);
      this.#forget();
      take(message);
    }
    return at + part.length;
  }

  #keep(bytes: Uint8Array, at: number, size: number): void {
    this.#buffer = new Uint8Array(size || MAX_HEADER_BYTES);
    this.#buffer.set(bytes.subarray(at), 0);
    this.#length = bytes.length - at;
    this.#needed = size;
  }

  #grow(size: number): void {
    const grown = new Uint8Array(size);
    grown.set(this.#buffer.subarray(0, this.#length), 0);
    this.#buffer = grown;
  }

  #forget(): void {
    this.#buffer = nothing;
    this.#length = 0;
    this.#needed = 0;
  }
}

/** The size in bytes of the message that starts at `at`, or 0 if its header is incomplete. */
function sizeOf(bytes: Uint8Array, at: number, end: number): number {
  const layout = layoutAt(bytes, at);
  if (at + layout.headerBytes > end) return 0;
  let size = layout.headerBytes;
  forEachText(layout, bytes, at, (length, { field, maxBytes }) => {
    if (length > maxBytes)
      throw new RelayFormatError(
        `a ${layout.type} claims ${length} bytes of ${field}; at most ${maxBytes} are allowed`,
      );
    size += length;
  });
  return size;
}

function parse(bytes: Uint8Array, start: number): RelayMessage {
  const layout = layoutAt(bytes, start);
  const message: Record<string, number | string> = { type: layout.type };
  let at = start + 1;
  for (const { field, width } of layout.numbers) {
    message[field] = readNumber(bytes, at, width);
    at += width;
  }
  let textAt = start + layout.headerBytes;
  forEachText(layout, bytes, start, (length, { field }) => {
    message[field] = readText(bytes.subarray(textAt, textAt + length), layout, field);
    textAt += length;
  });
  return message as unknown as RelayMessage;
}

function readText(bytes: Uint8Array, layout: Layout, field: string): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new RelayFormatError(`the ${field} of a ${layout.type} is not UTF-8`);
  }
}

function forEachText(
  layout: Layout,
  bytes: Uint8Array,
  start: number,
  visit: (length: number, text: Layout['texts'][number]) => void,
): void {
  let at = start + layout.headerBytes;
  for (const { width } of layout.texts) at -= width;
  for (const text of layout.texts) {
    visit(readNumber(bytes, at, text.width), text);
    at += text.width;
  }
}

function layoutAt(bytes: Uint8Array, at: number): Layout {
  const typeByte = bytes[at] as number;
  const layout = layoutsByTypeByte.get(typeByte);
  if (layout) return layout;
  throw new RelayFormatError(`no message starts with byte 0x${typeByte.toString(16).padStart(2, '0')}`);
}

function readNumber(bytes: Uint8Array, at: number, width: Width): number {
  let value = 0;
  for (let i = 0; i < width; i += 1) value = value * 256 + (bytes[at + i] as number);
  return value;
}
