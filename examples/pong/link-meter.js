/**
 * Measures a channel in use: losses from gaps in the other side's numbers, round-trip times from probes that are added to
 * a message now and then, and that the other side sends back at once.
 */

const WINDOW_MS = 5_000;
const PROBE_EVERY_MS = 100;

export class LinkMeter {
  #sent = 0;
  #lastProbeAt = 0;
  /** The number of each recent message, and when it came. */
  #received = [];
  #roundTrips = [];

  /** What is added to a message. */
  stamp(now) {
    const fields = { n: this.#sent };
    this.#sent += 1;
    if (now - this.#lastProbeAt >= PROBE_EVERY_MS) {
      this.#lastProbeAt = now;
      fields.probe = now;
    }
    return fields;
  }

  /** Takes a message's number. @returns whether it is newer than all before; a late one is of no use */
  received(n, now) {
    const isNewest = this.#received.every((message) => message.n < n);
    this.#received.push({ n, at: now });
    return isNewest;
  }

  /** One of our probes came back. */
  returned(probe, now) {
    this.#roundTrips.push({ ms: now - probe, at: now });
  }

  /** The figures of the last seconds; undefined where nothing is known. */
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
