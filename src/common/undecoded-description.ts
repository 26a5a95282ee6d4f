/**
 * An offer or answer whose SDP is decoded only when it is asked for: it is long, and a server that passes it on has no
 * need to. The facts that a record keeps are read from the bytes as they are; see redact.ts.
 */

/** Faster than Buffer.toString(). */
const ascii = new TextDecoder('utf-8');

export class UndecodedDescription<Type extends 'offer' | 'answer' = 'offer' | 'answer'> {
  readonly type: Type;
  readonly epoch?: number;
  readonly #bytes: Uint8Array;
  readonly #from: number;
  readonly #end: number;

  /**
   * @param bytes hold the SDP as a JSON string, of printable ASCII with no other escapes than `\r` and `\n`; read for as
   * long as the SDP may be asked for
   * @param from the place after the quotation mark with which it begins
   * @param end the place of the quotation mark with which it ends
   */
  constructor(type: Type, bytes: Uint8Array, from: number, end: number, epoch?: number) {
    this.type = type;
    this.#bytes = bytes;
    this.#from = from;
    this.#end = end;
    if (epoch !== undefined) this.epoch = epoch;
  }

  /** As it stands between the quotation marks. */
  get escapedSdp(): string {
    return ascii.decode(this.#bytes.subarray(this.#from, this.#end));
  }

  get sdp(): string {
    return JSON.parse(`"${this.escapedSdp}"`);
  }
}
