/**
 * Files sent from peer to peer, as binary messages besides the chat's text: one message that announces the file, then
 * its bytes. One file at a time; a peer that does not support this sees bytes.
 */
import type { Peer } from '../client/browser/index.ts';

/** The prefix of a file's first message, followed by its name and size as JSON. */
const MARK = 'pairlane-file ';
const CHUNK_BYTES = 16 * 1024;
/** Limits for one file, and for all files of a conversation: they are kept in the page until it is closed. */
const MAX_FILE_BYTES = 64 * 1024 * 1024;
const MAX_RECEIVED_BYTES = 256 * 1024 * 1024;
const MAX_NAME_CHARS = 200;
const MAX_HEADER_BYTES = 2_048;

export interface FileHandlers {
  /** @param file undefined if it was refused, for the reason in `words` */
  readonly received: (file: File | undefined, words: string) => void;
  /** @param part the part done, from 0 to 1 */
  readonly progress: (name: string, part: number, from: 'me' | 'peer') => void;
}

interface Arriving {
  readonly name: string;
  readonly size: number;
  readonly chunks: Uint8Array<ArrayBuffer>[];
  bytes: number;
}

export class Files {
  readonly #peer: Peer;
  readonly #handlers: FileHandlers;
  #arriving: Arriving | undefined;
  #receivedBytes = 0;
  /** Files are sent one after another, so that their bytes do not mix. */
  #last: Promise<void> = Promise.resolve();
  #pairing = 0;

  constructor(peer: Peer, handlers: FileHandlers) {
    this.#peer = peer;
    this.#handlers = handlers;
  }

  /** @returns whether the data was part of a file */
  take(data: Uint8Array): boolean {
    const file = this.#arriving;
    if (file) {
      this.#add(file, data);
      return true;
    }
    const text = new TextDecoder().decode(data.subarray(0, MAX_HEADER_BYTES));
    if (!text.startsWith(MARK)) return false;
    this.#announced(text.slice(MARK.length));
    return true;
  }

  /** Starts or ends a conversation: transfers in progress are dropped. */
  begin(): void {
    this.#pairing += 1;
    this.#arriving = undefined;
    this.#receivedBytes = 0;
  }

  /** @throws with a message for people if it cannot be sent, or the connection ends meanwhile */
  send(file: File): Promise<void> {
    const pairing = this.#pairing;
    const sent = this.#last.then(() => this.#send(file, pairing));
    this.#last = sent.catch(() => {});
    return sent;
  }

  async #send(file: File, pairing: number): Promise<void> {
    if (file.size > MAX_FILE_BYTES)
      throw new Error(`${file.name} is larger than ${sizeWords(MAX_FILE_BYTES)}.`);
    const say = (data: Uint8Array) => {
      if (pairing !== this.#pairing) throw new Error(`${file.name} was not sent: the connection has ended.`);
      return this.#peer.send(data);
    };
    const header = JSON.stringify({ name: file.name.slice(0, MAX_NAME_CHARS), size: file.size });
    await say(new TextEncoder().encode(MARK + header));
    for (let at = 0; at < file.size; at += CHUNK_BYTES) {
      await say(new Uint8Array(await file.slice(at, at + CHUNK_BYTES).arrayBuffer()));
      this.#handlers.progress(file.name, Math.min(1, (at + CHUNK_BYTES) / file.size), 'me');
    }
  }

  #add(file: Arriving, data: Uint8Array): void {
    file.bytes += data.length;
    if (file.bytes > file.size) {
      this.#arriving = undefined;
      this.#handlers.received(undefined, `${file.name} was not taken: it is longer than announced.`);
      return;
    }
    file.chunks.push(new Uint8Array(data));
    this.#handlers.progress(file.name, file.bytes / file.size, 'peer');
    if (file.bytes === file.size) this.#complete(file);
  }

  /** The data comes from a stranger: invalid announcements are ignored. */
  #announced(text: string): void {
    const { name, size } = parsed(text);
    if (typeof name !== 'string' || typeof size !== 'number' || !Number.isInteger(size) || size < 0) return;
    const file: Arriving = { name: name.slice(0, MAX_NAME_CHARS), size, chunks: [], bytes: 0 };
    if (size > MAX_FILE_BYTES || this.#receivedBytes + size > MAX_RECEIVED_BYTES) {
      this.#handlers.received(undefined, `${file.name} (${sizeWords(size)}) was not taken: it is too large.`);
      return;
    }
    this.#receivedBytes += size;
    if (size === 0) this.#complete(file);
    else this.#arriving = file;
  }

  #complete({ name, chunks, size }: Arriving): void {
    this.#arriving = undefined;
    // Typed as plain bytes: any other type could let a browser run the file's content.
    this.#handlers.received(new File(chunks, name, { type: 'application/octet-stream' }), sizeWords(size));
  }
}

function parsed(text: string): { readonly name?: unknown; readonly size?: unknown } {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

/** `1.4 MB` */
export function sizeWords(bytes: number): string {
  const units = ['bytes', 'KB', 'MB', 'GB'];
  const power = Math.min(units.length - 1, bytes < 1_024 ? 0 : Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1_024 ** power;
  return `${power > 0 && value < 10 ? value.toFixed(1) : Math.round(value)} ${units[power]}`;
}
