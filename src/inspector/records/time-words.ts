/** Times as the page shows them. */

/** `m:ss.mmm` since the start of the record. */
export function timeOf(ms: number): string {
  const whole = Math.max(0, Math.round(ms));
  const minutes = Math.floor(whole / 60_000);
  const seconds = String(Math.floor(whole / 1_000) % 60).padStart(2, '0');
  return `${minutes}:${seconds}.${String(whole % 1_000).padStart(3, '0')}`;
}
