/**
 * Checks everything that a connection needs, one thing after another, and says what each result means and what to do.
 */
import { createHmac } from 'node:crypto';
import { DEFAULT_ICE_SERVERS } from '../peer/peer-options.ts';
import type { Check } from './check.ts';
import { checkStun, checkTurn, type TurnUrl, udpStunUrl } from './ice-checks.ts';
import { checkHeaders, checkOrigin, checkTls, checkWebSocket, type GivenIceServer } from './server-checks.ts';
import { parseIceUrl } from './stun-client.ts';

export interface DoctorOptions {
  readonly url: string;
  readonly stunUrls: readonly string[];
  readonly turnUrls: readonly string[];
  readonly turnSecret: string | undefined;
  /** For a server that requires one. */
  readonly token: string | undefined;
}

/** Lifetime in seconds of the credentials made here. */
const TTL_S = 300;
/** How many of the STUN and TURN servers given by a server are tried: it could name any number of hosts. */
const MAX_GIVEN = 8;

/** Yields the checks as they are done. ICE servers that the server gives its clients are checked, too. */
export async function* examine(options: DoctorOptions): AsyncGenerator<Check> {
  const { url, token } = options;
  const { check, iceServers } = await checkWebSocket(url, token);
  yield check;
  yield await checkTls(url);
  if (check.status === 'ok') {
    yield* await checkHeaders(url);
    yield await checkOrigin(url, token);
  }
  const given = iceServers ?? [];
  yield* options.stunUrls.filter((named) => udpStunUrl(named).length === 0).map(noStunUrl);
  const stun = [...options.stunUrls, ...urlsIn(given, false).slice(0, MAX_GIVEN)].flatMap(udpStunUrl);
  if (stun.length > 0) yield* await checkStun(stun);
  else yield iceServers ? noStun(given) : untold('stun', check, token);
  const turn = [...ownTurnUrls(options), ...givenTurnUrls(given).slice(0, MAX_GIVEN)];
  for (const each of turn) yield await checkTurn(each);
  if (turn.length === 0) yield iceServers ? NO_TURN : untold('turn', check, token);
}

const NO_TURN: Check = {
  name: 'turn',
  status: 'warning',
  text: 'No TURN server is known: if two networks do not let UDP through, clients in them cannot connect.',
  remedy: 'Run one, such as coturn, and start the server with --turn-url and --turn-secret-file.',
};

function noStunUrl(url: string): Check {
  return {
    name: 'stun',
    status: 'bad',
    text: `${url} is no STUN URL by UDP.`,
    remedy: 'It should look like stun:HOST:PORT.',
  };
}

function noStun(given: readonly GivenIceServer[]): Check {
  const [{ urls: fallback } = { urls: '' }] = DEFAULT_ICE_SERVERS;
  return given.length > 0
    ? { name: 'stun', status: 'skipped', text: 'The server names no STUN server by UDP.' }
    : {
        name: 'stun',
        status: 'skipped',
        text: `The server names no STUN server, so clients use ${fallback}. It was not tried.`,
        remedy: `Try it with --stun-url ${fallback}.`,
      };
}

/** The server did not say which servers it gives its clients: it was not reached, or did not pair two of ours. */
function untold(name: 'stun' | 'turn', reached: Check, token: string | undefined): Check {
  const byName = `with --${name}-url.`;
  return {
    name,
    status: 'skipped',
    text: `No ${name.toUpperCase()} server is known: the server did not say which ones it gives its clients.`,
    remedy:
      reached.status === 'ok' && token !== undefined
        ? `Bring a token without \`sub\` that allows \`pair\`, so that two clients can ask; or name one ${byName}`
        : `Name one ${byName}`,
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
