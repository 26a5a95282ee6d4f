/** One line of what the doctor found. */
export interface Check {
  readonly name: string;
  /** `bad`: pairings will fail for it; `warning`: some may; `skipped`: it could not be tried. */
  readonly status: 'ok' | 'warning' | 'bad' | 'skipped';
  /** What was found, and what that means. */
  readonly text: string;
  /** What to do about it. */
  readonly remedy?: string;
}

export function wordsOf(error: unknown): string {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return typeof message === 'string' && message !== '' ? message : String(code ?? error);
}
