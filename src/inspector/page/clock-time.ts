/** Times of day, for what may have begun days ago. */

/** `07:15:02`, or of another day `26 Nov, 07:15:02`. */
export function clockTime(ms: number, now = Date.now()): string {
  const at = new Date(ms);
  const time = at.toLocaleTimeString('en-GB');
  if (at.toDateString() === new Date(now).toDateString()) return time;
  return `${at.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' })}, ${time}`;
}
