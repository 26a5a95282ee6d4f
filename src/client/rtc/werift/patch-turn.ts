/**
 * werift's TURN client, so that it lets go: its timer for the refresh of a relay address runs on when the client is
 * closed, and keeps the process alive for eight minutes. And it renews a channel after 500 s, where the permission that
 * comes with it ends after 300 s (RFC 8656 section 9): for minutes nothing would get through. And that the server refuses
 * it, or does not answer, is told nobody.
 */
import { Lifetime } from './lifetime.ts';

/** Of what is left of a life time, so that a lost question can be asked again. */
const REFRESH_AFTER = 5 / 6;
const CHANNEL_REFRESH_S = 240;
const AFTER_FAILURE_S = 5;

interface TurnClient {
  readonly server: unknown;
  channelRefreshTime: number;
  refresh: (lifetimeS: number) => void;
  refreshHandle: { resolve: () => void } | undefined;
  requestWithRetry(request: unknown, server: unknown): Promise<[Answer, unknown]>;
  connectionMade(): Promise<void>;
}

interface Answer {
  getAttributeValue(name: 'LIFETIME'): number;
}

/** Mends every TURN client that is made from here on. @param makeRefresh a REFRESH request for so many seconds */
export function patchTurn(prototype: object, makeRefresh: (lifetimeS: number) => unknown): void {
  const client = prototype as TurnClient;
  const { connectionMade } = client;
  client.connectionMade = function (this: TurnClient) {
    this.channelRefreshTime = CHANNEL_REFRESH_S;
    this.refresh = (lifetimeS) => keep(this, lifetimeS, makeRefresh);
    const lifetime = Lifetime.current;
    return connectionMade.call(this).catch((error) => {
      lifetime?.noteServerError(error);
      throw error;
    });
  };
}

/** Refreshes the relay address again and again; closing the client calls `resolve`. */
function keep(client: TurnClient, lifetimeS: number, makeRefresh: (lifetimeS: number) => unknown): void {
  let isClosed = false;
  const arm = (seconds: number) => setTimeout(refresh, seconds * 1000);
  const refresh = async () => {
    const answer = await client
      .requestWithRetry(makeRefresh(lifetimeS), client.server)
      .catch(() => undefined);
    if (isClosed) return;
    timer = arm(answer ? answer[0].getAttributeValue('LIFETIME') * REFRESH_AFTER : AFTER_FAILURE_S);
  };
  let timer = arm(lifetimeS * REFRESH_AFTER);
  client.refreshHandle = {
    resolve() {
      isClosed = true;
      clearTimeout(timer);
    },
  };
}
