/** One finding of the doctor. */
export interface Check {
  readonly name: string;
  /** `bad`: pairings will fail; `warning`: some may fail; `skipped`: it could not be checked. */
  readonly status: 'ok' | 'warning' | 'bad' | 'skipped';
  /** What was found, and what it means. */
  readonly text: string;
  /** What to do about it. */
  readonly remedy?: string;
}

/** OpenSSL puts its own words between the names and places of its code. */
const OPENSSL_WORDS = /:SSL routines:[^:]*:([^:\n]+)/;

export function wordsOf(error: unknown): string {
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (typeof message !== 'string' || message === '') return String(code ?? error);
  return OPENSSL_WORDS.exec(message)?.[1] ?? message;
}
