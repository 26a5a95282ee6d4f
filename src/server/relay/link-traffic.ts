/** How much goes over each link of a relay server, for its operator. */
import type { LinkTraffic } from '../../protocol/index.ts';
import type { RelayLink, TrafficCount } from './relay-link.ts';

const nothing: TrafficCount = { messagesIn: 0, bytesIn: 0, messagesOut: 0, bytesOut: 0 };

export class TrafficRates {
  readonly #last = new WeakMap<RelayLink, TrafficCount>();

  /**
   * The links over which anything went since the last call, by their hosts.
   * @param elapsedMs how long ago that was
   */
  take(links: Iterable<RelayLink>, elapsedMs: number): LinkTraffic[] {
    return [...links].flatMap((link) => {
      const now = link.port.traffic;
      const last = this.#last.get(link) ?? nothing;
      this.#last.set(link, now);
      const { hostId } = link.context;
      const perSecond = (of: keyof TrafficCount) =>
        Math.round(((now[of] - last[of]) * 10_000) / elapsedMs) / 10;
      const rates = {
        messages_in: perSecond('messagesIn'),
        bytes_in: perSecond('bytesIn'),
        messages_out: perSecond('messagesOut'),
        bytes_out: perSecond('bytesOut'),
      };
      const isIdle = Object.values(rates).every((rate) => rate === 0);
      return hostId === undefined || isIdle ? [] : [{ id: hostId, ...rates }];
    });
  }
}
