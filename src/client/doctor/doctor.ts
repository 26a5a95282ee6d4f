/**
 * Checks everything that a connection needs, one thing after another, and says what each result means and what to do.
 */
import { createHmac } from 'node:crypto';
import type { Check } from './check.ts';
import { checkStun, checkTurn, type TurnUrl } from './ice-checks.ts';
import { checkHeaders, checkOrigin, checkTls, checkWebSocket, type GivenIceServer } from './server-checks.ts';
import { parseIceUrl } from './stun-client.ts';

export interface DoctorOptions {
  readonly url: string;
  readonly stunUrls: readonly string[];
  readonly turnUrls: readonly string[];
  readonly turnSecret: string | undefined;
}

/** Lifetime in seconds of the credentials made here. */
const TTL_S = 300;
/** How many of the STUN and TURN servers given by a server are tried: it could name any number of hosts. */
const MAX_GIVEN = 8;

/** Yields the checks as they are done. ICE servers that the server gives its clients are checked, too. */
export async function* examine(options: DoctorOptions): AsyncGenerator<Check> {
  const { url } = options;
  const { check, iceServers = [] } = await checkWebSocket(url);
  yield check;
  yield await checkTls(url);
  if (check.status === 'ok') {
    yield* await checkHeaders(url);
    yield await checkOrigin(url);
  }
  yield* await checkStun([...options.stunUrls, ...urlsIn(iceServers, false).slice(0, MAX_GIVEN)]);
  const turn = [...ownTurnUrls(options), ...givenTurnUrls(iceServers).slice(0, MAX_GIVEN)];
  for (const each of turn) yield await checkTurn(each);
  if (turn.length === 0)
    yield {
      name: 'turn',
      status: 'warning',
      text: 'No TURN server is known: if two networks do not let UDP through, clients in them cannot connect.',
      remedy: 'Run one, such as coturn, and set --turn-url and --turn-secret.',
    };
}

/** With credentials by coturn's REST scheme, as the server makes them. */
function ownTurnUrls({ turnUrls, turnSecret }: DoctorOptions): TurnUrl[] {
  const username = `${Math.floor(Date.now() / 1_000) + TTL_S}:doctor`;
  const credentials =
    turnSecret === undefined
      ? undefined
      : { username, password: createHmac('sha1', turnSecret).update(username).digest('base64') };
  return turnUrls.map((url) => ({ url, credentials }));
}

function givenTurnUrls(servers: readonly GivenIceServer[]): TurnUrl[] {
  return servers.flatMap((server) => {
    const { username, credential } = server;
    const credentials =
      username === undefined || credential === undefined ? undefined : { username, password: credential };
    return urlsIn([server], true).map((url) => ({ url, credentials }));
  });
}

function urlsIn(servers: readonly GivenIceServer[], isTurn: boolean): string[] {
  return servers.flatMap(({ urls }) => [urls].flat()).filter((url) => parseIceUrl(url)?.isTurn === isTurn);
}
