/**
 * The ICE servers that paired clients are told to use. TURN credentials are time-limited, following coturn's REST
 * scheme: the user name holds the expiry time, and the password is the user name's HMAC under the secret shared with
 * coturn.
 * https://datatracker.ietf.org/doc/html/draft-uberti-behave-turn-rest-00
 */
import { createHmac } from 'node:crypto';
import { type Grants, noLimits } from '../admission/tokens/grants.ts';

/** RTCIceServer (W3C WebRTC 4.2.2), as sent on the wire. */
export interface IceServer {
  readonly urls: string[];
  readonly username?: string;
  readonly credential?: string;
}

export interface IceServerOptions {
  readonly stunUrl: readonly string[];
  readonly turnUrl: readonly string[];
  readonly turnSecret: string | undefined;
  /** Lifetime of the credentials in seconds. */
  readonly turnTtl: number;
}

/**
 * The ICE servers for one client of a pairing.
 * @param clientId follows the expiry time in the user name, so that the TURN server's log can be matched with ours
 * @param wallTime milliseconds since 1970
 * @param grants of the client: it gets TURN credentials only if it may have them, and they expire with its token
 * @returns undefined when no server is configured: the clients then use their own
 */
export function iceServersFor(
  options: IceServerOptions,
  clientId: string,
  wallTime: number,
  grants: Grants = noLimits,
): IceServer[] | undefined {
  const { stunUrl, turnUrl, turnSecret, turnTtl } = options;
  const servers: IceServer[] = [];
  if (stunUrl.length > 0) servers.push({ urls: [...stunUrl] });
  if (turnUrl.length > 0 && turnSecret !== undefined && grants.may.includes('turn')) {
    const { expiresAt = Number.POSITIVE_INFINITY } = grants;
    const until = Math.min(Math.floor(wallTime / 1000) + turnTtl, Math.floor(expiresAt / 1000));
    const username = `${until}:${clientId}`;
    const credential = createHmac('sha1', turnSecret).update(username).digest('base64');
    servers.push({ urls: [...turnUrl], username, credential });
  }
  return servers.length > 0 ? servers : undefined;
}

/** @returns what is wrong with the options, one line per problem */
export function iceServerProblems({ stunUrl, turnUrl, turnSecret }: IceServerOptions): string[] {
  const problems = [
    ...stunUrl
      .filter((url) => !/^stuns?:[^\s/]+$/.test(url))
      .map(() => '--stun-url: should look like stun:HOST:PORT'),
    ...turnUrl
      .filter((url) => !/^turns?:[^\s/]+$/.test(url))
      .map(() => '--turn-url: should look like turn:HOST:PORT or turns:HOST:PORT?transport=tcp'),
  ];
  if (turnUrl.length > 0 && turnSecret === undefined) {
    problems.push('--turn-secret: is missing; it is the static-auth-secret of the TURN server');
  }
  return problems;
}
