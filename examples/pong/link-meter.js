/**
 * Measures a channel while it is used: every message is numbered, and tells which numbers of the other side came last.
 * Round trips come from probes that the other side sends back, losses from the gaps in its numbers.
 */

const WINDOW_MS = 5_000;
const PROBE_EVERY_MS = 100;

export class LinkMeter {
  #sent = 0;
  #lastProbeAt = 0;
  /** The number of each message that came lately, and when. */
  #received = [];
  #roundTrips = [];
  #probeToReturn;

  /** What goes along with a message. */
  stamp(now) {
    const fields = { n: this.#sent };
    this.#sent += 1;
    if (now - this.#lastProbeAt >= PROBE_EVERY_MS) {
      this.#lastProbeAt = now;
      fields.probe = now;
    }
    if (this.#probeToReturn !== undefined) fields.back = this.#probeToReturn;
    this.#probeToReturn = undefined;
    return fields;
  }

  /** Takes what came along. @returns whether it is newer than all before: what is late is of no use */
  read({ n, probe, back }, now) {
    const isNewest = this.#received.every((message) => message.n < n);
    this.#received.push({ n, at: now });
    if (probe !== undefined) this.#probeToReturn = probe;
    if (back !== undefined) this.#roundTrips.push({ ms: now - back, at: now });
    return isNewest;
  }

  /** What holds for the last seconds; undefined where nothing is known. */
  summary(now) {
    this.#received = this.#received.filter(({ at }) => now - at < WINDOW_MS);
    this.#roundTrips = this.#roundTrips.filter(({ at }) => now - at < WINDOW_MS);
    const numbers = this.#received.map(({ n }) => n);
    const expected = Math.max(...numbers) - Math.min(...numbers) + 1;
    const trips = this.#roundTrips.map(({ ms }) => ms).sort((a, b) => a - b);
    const firstAt = this.#received[0]?.at;
    return {
      roundTripMs: trips[Math.floor(trips.length / 2)],
      loss: numbers.length > 1 ? 1 - new Set(numbers).size / expected : undefined,
      perSecond: numbers.length > 1 ? (numbers.length / Math.max(1, now - firstAt)) * 1000 : undefined,
    };
  }
}
