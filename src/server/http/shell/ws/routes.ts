/** Finds the handler of a path: the one with exactly this path, or else the one with the longest matching pattern. */

export class Routes<Handler> {
  readonly #exact = new Map<string, Handler>();
  /** Longest first. */
  readonly #beginnings: { readonly beginning: string; readonly handler: Handler }[] = [];

  /** @param pattern a path, or the beginning of paths with a star at its end; the first of equal patterns wins */
  add(pattern: string, handler: Handler): void {
    if (!pattern.endsWith('*')) {
      if (!this.#exact.has(pattern)) this.#exact.set(pattern, handler);
      return;
    }
    this.#beginnings.push({ beginning: pattern.slice(0, -1), handler });
    this.#beginnings.sort((one, other) => other.beginning.length - one.beginning.length);
  }

  /** The handlers of a path, in the order in which they are tried. */
  *of(path: string): Iterable<Handler> {
    const exact = this.#exact.get(path);
    if (exact !== undefined) yield exact;
    for (const { beginning, handler } of this.#beginnings) if (path.startsWith(beginning)) yield handler;
  }
}
