/**
 * Limits on what a server may make its client do. Handling messages costs work; some messages make us open connections,
 * call our user or fetch tokens, which costs a hundred times as much. Our own servers stay far below both limits, even
 * when all peers flood at once.
 */
import { TokenBucket } from '../../common/token-bucket.ts';
import type { ServerMessageType } from '../../protocol/index.ts';

/** A server's message is at most a relayed message with a few fields, or a large room. */
export const MAX_RECEIVED_CHARS = 16 * 1024 * 1024;

/**
 * Each message counts as one unit, and each of its KiB as another: what waited for a returning client is 1,344 units
 * per peer.
 */
const CHARS_PER_UNIT = 1024;
const UNITS_PER_SECOND = 5_000;
const UNIT_BURST = 20_000;
const UNITS_PER_SECOND_AND_PEER = 50;
const UNIT_BURST_PER_PEER = 1_500;

const COSTLY: ReadonlySet<ServerMessageType> = new Set<ServerMessageType>([
  'your_id',
  'paired',
  'error',
  'token_expiring',
  'room_joined',
  'leader',
]);
const COSTLY_PER_SECOND = 100;
const COSTLY_BURST = 1_000;
const COSTLY_BURST_PER_PEER = 4;

export class ServerAllowance {
  readonly #peers: number;
  readonly #now: () => number;
  readonly #units = new TokenBucket();
  readonly #costly = new TokenBucket();

  /**
   * @param peers how many we want at once
   * @param now returns milliseconds of a monotonic clock
   */
  constructor(peers: number, now: () => number) {
    this.#peers = peers;
    this.#now = now;
  }

  /**
   * Counts a received frame of that many characters.
   * @returns false if it is too much
   */
  take(chars: number): boolean {
    const perSecond = UNITS_PER_SECOND + UNITS_PER_SECOND_AND_PEER * this.#peers;
    const burst = UNIT_BURST + UNIT_BURST_PER_PEER * this.#peers;
    return (
      chars <= MAX_RECEIVED_CHARS &&
      this.#units.take(this.#now(), perSecond, burst, 1 + chars / CHARS_PER_UNIT)
    );
  }

  /**
   * Counts a message by what it makes us do.
   * @param type undefined: it matches no schema, and our user is told
   */
  takeMessage(type: ServerMessageType | undefined): boolean {
    if (type !== undefined && !COSTLY.has(type)) return true;
    const burst = COSTLY_BURST + COSTLY_BURST_PER_PEER * this.#peers;
    return this.#costly.take(this.#now(), COSTLY_PER_SECOND + this.#peers, burst);
  }
}
