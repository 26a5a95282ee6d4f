/** How long the event loop of this process is held up at most, from `begin` until `isOver`. */

/** @returns milliseconds between two turns of the event loop, the longest of them */
export async function longestPauseOf(begin: () => void, isOver: () => boolean): Promise<number> {
  let longest = 0;
  let last = performance.now();
  begin();
  for (let turn = 1; ; turn += 1) {
    await new Promise(setImmediate);
    const now = performance.now();
    longest = Math.max(longest, now - last);
    // Asking costs a walk over all sessions, which is no pause of the server: leave it out.
    if (turn % 50 === 0 && isOver()) return longest;
    last = performance.now();
  }
}
