/** Reads a recorded pairing from its JSONL file. */
import {
  evidenceSchema,
  explain,
  isRecord,
  lanesIn,
  type PairingRecord,
  RECORD_FORMAT,
  RECORD_VERSION,
  type RecordEnd,
  type RecordLine,
} from '../../protocol/index.ts';

/** The file is not a record, or has another version; the message says which line and why. */
export class RecordError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'RecordError';
  }
}

/** The largest file accepted: it may come from a stranger. */
export const MAX_RECORD_CHARS = 16 * 1024 * 1024;
const MAX_LINES = 20_000;
const MAX_DEPTH = 8;

/** @throws {RecordError} */
export function parseRecord(text: string): PairingRecord {
  if (text.length > MAX_RECORD_CHARS) throw new RecordError('it is larger than 16 MiB');
  const rows = text.split('\n').filter((line) => line.trim() !== '');
  if (rows.length > MAX_LINES) throw new RecordError(`it has more than ${MAX_LINES} lines`);
  const [first, ...rest] = rows.map(parseLine);
  if (first?.format !== RECORD_FORMAT) throw new RecordError('it is no record of a pairing');
  if (first.version !== RECORD_VERSION)
    throw new RecordError(`it is a record of version ${first.version}; this reads version ${RECORD_VERSION}`);
  const header = withSides(first);
  if (!isHeader(header)) throw new RecordError('its first line does not say whose pairing it is');
  const lanes = lanesIn(header as never);
  const lines = rest.map((line, i) => {
    const read = withSides(line);
    if (!isLine(read, lanes)) throw new RecordError(`line ${i + 2} is no line of a record`);
    return read;
  });
  return { header, lines } as unknown as PairingRecord;
}

/**
 * As keys of an object literal, which a test of a record is, or of an object that is made a text, they would be taken
 * for the language's own.
 */
const UNSAFE_KEYS: ReadonlySet<string> = new Set(['__proto__', 'toString', 'valueOf']);

function parseLine(text: string, index: number): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text, (key, item) => (UNSAFE_KEYS.has(key) ? undefined : item));
    if (isRecord(value)) return value;
  } catch {
    // Reported below, as for any other value that is not an object.
  }
  throw new RecordError(`line ${index + 1} is no JSON object`);
}

const sideNames: Readonly<Record<string, string>> = { a: 'initiator', b: 'responder' };

/** Older records call the sides a and b. */
function withSides(line: Record<string, unknown>): Record<string, unknown> {
  const { a_id, b_id, ...rest } = line;
  const read: Record<string, unknown> = { ...rest };
  if (typeof a_id === 'string') read.initiator_id = a_id;
  if (typeof b_id === 'string') read.responder_id = b_id;
  if (typeof read.of === 'string')
    read.of = read.of.replace(/^((?:remote_|peer_)?)([ab])$/, (_, prefix, side) => prefix + sideNames[side]);
  const { event } = read;
  if (isRecord(event) && typeof event.from === 'string' && Object.hasOwn(sideNames, event.from))
    read.event = { ...event, from: sideNames[event.from] };
  return read;
}

/** Optional fields. */
const TEXTS = ['game', 'room', 'dialect', 'initiator_known_as', 'responder_known_as', 'disturbed'] as const;

function isHeader(header: Record<string, unknown>): boolean {
  const { epoch, started_at, initiator_id, responder_id, machines } = header;
  return (
    isRecord(machines) &&
    Number.isSafeInteger(epoch) &&
    typeof started_at === 'number' &&
    Math.abs(started_at) < 8.64e15 &&
    typeof initiator_id === 'string' &&
    typeof responder_id === 'string' &&
    TEXTS.every((field) => header[field] === undefined || typeof header[field] === 'string')
  );
}

/** Checks as much as replay and page rely on. */
function isLine(line: Record<string, unknown>, lanes: object): boolean {
  if (typeof line.t !== 'number' || !Number.isFinite(line.t) || line.t < 0) return false;
  if (line.end !== undefined) return ENDS.has(line.end);
  if (isRecord(line.evidence)) return explain(recordedEvidence, line) === undefined;
  if (typeof line.of !== 'string' || !Object.hasOwn(lanes, line.of)) return false;
  if (isRecord(line.first)) return line.first.value === undefined || isState(line.first.value);
  return (
    isRecord(line.event) &&
    typeof line.event.type === 'string' &&
    isState(line.to) &&
    isListOf(line.taken, (name) => typeof name === 'string') &&
    isListOf(line.effects, (effect) => isRecord(effect) && typeof effect.type === 'string') &&
    (line.verdicts === undefined || isListOf(line.verdicts, isRecord)) &&
    (line.message === undefined || isMessage(line.message))
  );
}

const ENDS: ReadonlySet<unknown> = new Set<RecordEnd['end']>(['over', 'too_long', 'server_stopped']);

function isMessage(message: unknown): boolean {
  if (!isRecord(message) || typeof message.type !== 'string') return false;
  const { sdp, candidate } = message;
  return (
    (sdp === undefined || (isRecord(sdp) && isRecord(sdp.candidates))) &&
    (candidate === undefined || isRecord(candidate))
  );
}

const recordedEvidence = {
  type: 'object',
  required: ['side', 'evidence'],
  properties: { side: { enum: ['initiator', 'responder'] }, evidence: evidenceSchema },
} as const;

function isListOf(value: unknown, isOne: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(isOne);
}

/** A state's key, or those of each region. */
function isState(value: unknown, depth = 0): boolean {
  if (typeof value === 'string') return true;
  return (
    depth < MAX_DEPTH && isRecord(value) && Object.values(value).every((child) => isState(child, depth + 1))
  );
}

/** The lines of a record as in the file. */
export function linesOf(record: PairingRecord): (PairingRecord['header'] | RecordLine)[] {
  return [record.header, ...record.lines];
}
