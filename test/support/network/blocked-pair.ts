/**
 * A network on which two peers cannot reach each other, while all others can: on their way through signaling, the
 * candidates of the two are changed to a port where nobody listens.
 */
import { nodePlatform } from '../../../src/client/index.ts';
import type { Platform } from '../../../src/client/peer/platform.ts';

/** The discard service (RFC 863), which no machine runs any more. */
const NOWHERE = '9';
const CANDIDATE = /(candidate:\S+ \d+ udp \d+ \S+ )(\d+)( typ host)/gi;

export class BlockedPair {
  isBlocked = true;
  readonly #ids = new Set<string>();

  /** Both must be named. */
  between(...ids: string[]): void {
    for (const id of ids) this.#ids.add(id);
  }

  /** The platform for each of the two. */
  platform(): Platform {
    const epochs = new Set<number>();
    return {
      ...nodePlatform,
      openSocket: (url, handlers) => {
        const socket = nodePlatform.openSocket(url, {
          ...handlers,
          received: (data) => {
            const paired = /"type":"paired","peer_id":"([^"]+)".*?"epoch":(\d+)/.exec(String(data));
            if (paired && this.#ids.has(paired[1] as string)) epochs.add(Number(paired[2]));
            handlers.received(data);
          },
        });
        return {
          ...socket,
          send: (text) => {
            const epoch = Number(/"epoch":(\d+)/.exec(text)?.[1]);
            const isLost = this.isBlocked && epochs.has(epoch);
            socket.send(isLost ? text.replace(CANDIDATE, `$1${NOWHERE}$3`) : text);
          },
        };
      },
    };
  }
}
