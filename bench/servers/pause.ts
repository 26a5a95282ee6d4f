/** The longest time that the event loop of this process is blocked, from `begin` until `isOver`. */

/** @returns the longest time between two turns of the event loop, in milliseconds */
export async function longestPauseOf(begin: () => void, isOver: () => boolean): Promise<number> {
  let longest = 0;
  let last = performance.now();
  begin();
  for (let turn = 1; ; turn += 1) {
    await new Promise(setImmediate);
    const now = performance.now();
    longest = Math.max(longest, now - last);
    // The check walks over all sessions, which is not a pause of the server, so its time is left out.
    if (turn % 50 === 0 && isOver()) return longest;
    last = performance.now();
  }
}
