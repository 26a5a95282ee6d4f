/** Reading a recorded pairing from its JSONL file. */
import {
  isRecord,
  lanesIn,
  type PairingRecord,
  RECORD_FORMAT,
  RECORD_VERSION,
  type RecordLine,
} from '../../protocol/index.ts';

/** The file is no record, or of another version; the message says which line and why. */
export class RecordError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'RecordError';
  }
}

/** @throws {RecordError} */
export function parseRecord(text: string): PairingRecord {
  const rows = text.split('\n').filter((line) => line.trim() !== '');
  const [header, ...lines] = rows.map(parseLine);
  if (header?.format !== RECORD_FORMAT) throw new RecordError('it is no record of a pairing');
  if (header.version !== RECORD_VERSION)
    throw new RecordError(
      `it is a record of version ${header.version}; this reads version ${RECORD_VERSION}`,
    );
  const lanes = lanesIn(header as never);
  lines.forEach((line, i) => {
    if (!isLine(line, lanes)) throw new RecordError(`line ${i + 2} is no line of a record`);
  });
  return { header, lines } as unknown as PairingRecord;
}

function parseLine(text: string, index: number): Record<string, unknown> {
  try {
    // An object literal of a test would take such a key for its prototype, and differ from the record.
    const value: unknown = JSON.parse(text, (key, item) => (key === '__proto__' ? undefined : item));
    if (isRecord(value)) return value;
  } catch {
    // Told below, as for any other value that is no object.
  }
  throw new RecordError(`line ${index + 1} is no JSON object`);
}

/** As much as replay and page rely on. */
function isLine(line: Record<string, unknown>, lanes: object): boolean {
  if (typeof line.t !== 'number') return false;
  if (typeof line.end === 'string') return true;
  if (typeof line.of !== 'string' || !Object.hasOwn(lanes, line.of)) return false;
  if (isRecord(line.first)) return true;
  return (
    isRecord(line.event) &&
    typeof line.event.type === 'string' &&
    line.to !== undefined &&
    Array.isArray(line.taken) &&
    Array.isArray(line.effects)
  );
}

/** The lines of a record as the file has them. */
export function linesOf(record: PairingRecord): (PairingRecord['header'] | RecordLine)[] {
  return [record.header, ...record.lines];
}
