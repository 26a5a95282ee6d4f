/**
 * A record as several workers have it. A worker records a pairing while one of its clients takes part: a pairing across
 * two workers has two pieces at once, and when a client comes back to another worker, a piece begins there.
 */
import type { InspectMessage, Lane, PairingRecord, RecordEnd, RecordLine } from '../../protocol/index.ts';

type Found = Extract<InspectMessage, { type: 'record' }>;
type Line = Extract<InspectMessage, { type: 'line' }>;

/** Each piece is bounded, and a client that keeps changing between workers must not make more of them. */
const MAX_PIECES = 8;

export class MergedRecord {
  /** In the order in which they became known. */
  readonly #pieces: Piece[] = [];
  /** Once no piece can grow. */
  #end: RecordEnd | undefined;

  get isEmpty(): boolean {
    return this.#pieces.length === 0;
  }

  /** Adds what a worker has: its first piece, or another one because the pairing came back to it. */
  add(worker: number, found: Found): void {
    this.#end = undefined;
    this.#pieces.push(new Piece(worker, found));
    for (const line of found.record.lines) this.take(worker, line);
    if (this.#pieces.length <= MAX_PIECES) return;
    const oldest = this.#pieces.findIndex(({ isOver }) => isOver);
    this.#pieces.splice(Math.max(oldest, 0), 1);
  }

  /**
   * Takes a new line from one of the workers.
   * @returns what to tell the page: the line as the merged record has it, or the whole record if more has changed
   */
  take(worker: number, line: RecordLine): Line | Found | undefined {
    const piece = this.#openPieceOf(worker);
    if (!piece) return undefined;
    if ('end' in line) return this.#over(piece, line);
    const knewMore = piece.add(line);
    // What the others said of that client is no longer needed.
    if (knewMore && this.#pieces.length > 1) return this.record;
    return this.#isShown(piece, line) ? this.#told(shifted(line, this.#shiftOf(piece))) : undefined;
  }

  /**
   * The worker has ended.
   * @returns the end of the record, if nobody else goes on with it
   */
  gone(worker: number): Line | undefined {
    const piece = this.#openPieceOf(worker);
    return piece && this.#over(piece, { t: piece.lines.at(-1)?.t ?? 0, end: 'server_stopped' });
  }

  /** Call it only once there is a piece. */
  get record(): Found {
    const lines = this.#pieces.flatMap((piece) => {
      const shift = this.#shiftOf(piece);
      return piece.lines.filter((line) => this.#isShown(piece, line)).map((line) => shifted(line, shift));
    });
    lines.sort((one, other) => one.t - other.t);
    const { found } = this.#home;
    const { header } = found.record;
    return { ...found, record: { header, lines: this.#end ? [...lines, this.#end] : lines } };
  }

  /** The piece that began first of those with the initiator: the others' times are counted from its start. */
  get #home(): Piece {
    const [first, ...more] = this.#pieces;
    if (!first) throw new Error('a record was found nowhere');
    return more.reduce((home, piece) => {
      if (home.beganWithInitiator !== piece.beganWithInitiator) return home.beganWithInitiator ? home : piece;
      return piece.startedAt < home.startedAt ? piece : home;
    }, first);
  }

  #openPieceOf(worker: number): Piece | undefined {
    return this.#pieces.findLast((piece) => piece.worker === worker && !piece.isOver);
  }

  #told(line: RecordLine): Line {
    return { type: 'line', epoch: this.#home.found.record.header.epoch, line };
  }

  #shiftOf(piece: Piece): number {
    return piece.startedAt - this.#home.startedAt;
  }

  #isShown(piece: Piece, line: RecordLine): boolean {
    const lane = piece.knownBetterAs(line);
    return lane === undefined || !this.#pieces.some((other) => other !== piece && other.has(lane));
  }

  #over(piece: Piece, { t, end }: RecordEnd): Line | undefined {
    piece.isOver = true;
    if (this.#pieces.some(({ isOver }) => !isOver)) return undefined;
    this.#end = { t: Math.max(0, t + this.#shiftOf(piece)), end };
    return this.#told(this.#end);
  }
}

/** What one worker recorded. */
class Piece {
  readonly worker: number;
  readonly found: Found;
  readonly lines: RecordLine[] = [];
  isOver = false;
  /** The machines that were at that worker itself. */
  readonly #own = new Set<Lane>();
  /** The lines about what was at another worker at that time, with the lane in which that one has it. */
  readonly #fromAfar = new Map<RecordLine, Lane>();
  #hasInitiator = true;
  readonly beganWithInitiator: boolean;

  constructor(worker: number, found: Found) {
    this.worker = worker;
    this.found = found;
    this.beganWithInitiator = beganWithInitiator(found.record);
  }

  get startedAt(): number {
    return this.found.record.header.started_at;
  }

  /** @returns whether this worker has that client from now on */
  add(line: RecordLine): boolean {
    this.lines.push(line);
    if (!('of' in line)) return false;
    const { of } = line;
    const isNew = !this.#own.has(of);
    this.#own.add(of);
    if ('first' in line && (of === 'initiator' || of === 'remote_initiator'))
      this.#hasInitiator = of === 'initiator';
    if (of === 'remote_initiator') this.#fromAfar.set(line, 'initiator');
    else if (of === 'remote_responder') this.#fromAfar.set(line, 'responder');
    // The pairing is told by the worker that has its initiator; and where it has moved from here, it goes on there.
    else if (of === 'pairing' && (!this.#hasInitiator || ('to' in line && line.to === 'moved')))
      this.#fromAfar.set(line, 'initiator');
    return isNew && (of === 'initiator' || of === 'responder');
  }

  has(lane: Lane): boolean {
    return this.#own.has(lane);
  }

  /** For a line about what is at another worker: the lane in which that one has it. */
  knownBetterAs(line: RecordLine): Lane | undefined {
    return this.#fromAfar.get(line);
  }
}

function beganWithInitiator({ lines }: PairingRecord): boolean {
  const first = lines.find((line) => 'of' in line && /^(remote_)?initiator$/.test(line.of));
  return first === undefined || !('of' in first) || first.of === 'initiator';
}

function shifted(line: RecordLine, ms: number): RecordLine {
  return ms === 0 ? line : { ...line, t: Math.max(0, line.t + ms) };
}
