/** A deviation from the protocol: what was done, what was expected, and what was received. */
import { isRecord } from '../../protocol/index.ts';

export class Deviation extends Error {
  readonly when: string;
  readonly expected: string;
  readonly got: string;

  constructor(when: string, expected: string, got: string) {
    super(`${when}: expected ${expected}, got ${got}`);
    this.name = 'Deviation';
    this.when = when;
    this.expected = expected;
    this.got = got;
  }
}

/**
 * Whether a value contains everything that a pattern names. It may contain more, since readers ignore unknown fields.
 */
export function fits(pattern: unknown, value: unknown): boolean {
  if (Array.isArray(pattern))
    return (
      Array.isArray(value) &&
      value.length === pattern.length &&
      pattern.every((one, at) => fits(one, value[at]))
    );
  if (!isRecord(pattern)) return Object.is(pattern, value);
  return isRecord(value) && Object.entries(pattern).every(([field, one]) => fits(one, value[field]));
}

/** @param when what was done before, in words */
export function expectFit(when: string, pattern: unknown, value: unknown): void {
  if (!fits(pattern, value)) throw new Deviation(when, shown(pattern), shown(value));
}

const MAX_SHOWN_CHARS = 300;

export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > MAX_SHOWN_CHARS ? `${text.slice(0, MAX_SHOWN_CHARS)}…` : text;
}
