/** What a client sends before it is known who it is: held, within tight limits, until it may come in. */
export interface HeldFrame {
  readonly bytes: ArrayBuffer;
  readonly isBinary: boolean;
}

export class HeldFrames {
  readonly #maxFrames: number;
  readonly #maxBytes: number;
  #frames: HeldFrame[] = [];
  #bytes = 0;

  constructor(maxFrames: number, maxBytes: number) {
    this.#maxFrames = maxFrames;
    this.#maxBytes = maxBytes;
  }

  /** @returns false if that is more than may be held, and the frame is not */
  hold(bytes: ArrayBuffer, isBinary: boolean): boolean {
    this.#bytes += bytes.byteLength;
    if (this.#frames.length >= this.#maxFrames || this.#bytes > this.#maxBytes) return false;
    // A copy, because uWebSockets.js reuses the memory.
    this.#frames.push({ bytes: bytes.slice(0), isBinary });
    return true;
  }

  takeFirst(): HeldFrame | undefined {
    return this.#frames.shift();
  }
}
