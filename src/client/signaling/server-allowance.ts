/**
 * What a server may have its client do. Whatever it sends costs work; some of it has us open connections, call our user
 * or ask for tokens, which costs a hundred times as much. Ours stays far below both, also when all peers flood at once.
 */
import { TokenBucket } from '../../common/token-bucket.ts';
import type { ServerMessageType } from '../../protocol/index.ts';

/** What a server sends is at most a relayed message and a few fields, or a large room. */
export const MAX_RECEIVED_CHARS = 16 * 1024 * 1024;

/** A message is one unit, and so is each KiB of it: what waited for a client that comes back is 1,344 for each peer. */
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

  /** @param peers how many we want at once @param now milliseconds, of a clock that only goes forward */
  constructor(peers: number, now: () => number) {
    this.#peers = peers;
    this.#now = now;
  }

  /** Counts something that came, as long as that many characters. @returns false for what is too much */
  take(chars: number): boolean {
    const perSecond = UNITS_PER_SECOND + UNITS_PER_SECOND_AND_PEER * this.#peers;
    const burst = UNIT_BURST + UNIT_BURST_PER_PEER * this.#peers;
    return (
      chars <= MAX_RECEIVED_CHARS &&
      this.#units.take(this.#now(), perSecond, burst, 1 + chars / CHARS_PER_UNIT)
    );
  }

  /** Counts a message by what it has us do. @param type undefined: it fits no schema, of which our user is told */
  takeMessage(type: ServerMessageType | undefined): boolean {
    if (type !== undefined && !COSTLY.has(type)) return true;
    const burst = COSTLY_BURST + COSTLY_BURST_PER_PEER * this.#peers;
    return this.#costly.take(this.#now(), COSTLY_PER_SECOND + this.#peers, burst);
  }
}
