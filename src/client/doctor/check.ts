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

export function wordsOf(error: unknown): string {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return typeof message === 'string' && message !== '' ? message : String(code ?? error);
}
