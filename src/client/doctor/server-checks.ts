/** What may stand between us and the signaling server: the network, TLS, proxies, other sites' pages, the clock. */
import { once } from 'node:events';
import { type ClientRequest, get as getHttp, type IncomingMessage } from 'node:http';
import { get as getHttps } from 'node:https';
import { isIP } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { WebSocket } from 'ws';
import { closeCodes, type ServerMessageOf } from '../../protocol/index.ts';
import { MAX_QUOTED_WORDS } from '../peer/errors.ts';
import { decodeServerMessage } from '../signaling/decode-server-message.ts';
import { type Check, wordsOf } from './check.ts';

const TIMEOUT_MS = 5_000;
/** TURN credentials contain the time; a clock that is off by more than this may let them expire early. */
const MAX_SKEW_MS = 30_000;
const SOON_DAYS = 14;
/** Codes of Node's errors. Those that are not in CERT are from chains that are not whole, or not well made. */
const OF_TLS = /CERT|LEAF_SIGNATURE|^INVALID_(CA|PURPOSE)$|^PATH_LENGTH_EXCEEDED$|^EPROTO$|^ERR_(SSL|TLS)/;
const DAY_MS = 86_400_000;
const FOREIGN_ORIGIN = 'https://pairlane-doctor.invalid';
/** A greeting and a pairing are far smaller than this limit. */
const SOCKET = { handshakeTimeout: TIMEOUT_MS, maxPayload: 256 * 1024, perMessageDeflate: false } as const;

export type GivenIceServer = NonNullable<ServerMessageOf<'paired'>['ice_servers']>[number];

export interface Greeted {
  readonly check: Check;
  /** Undefined if the server was not reached, or gives none. */
  readonly iceServers: readonly GivenIceServer[] | undefined;
}

/** Connects as a client does. */
export async function checkWebSocket(url: string, token: string | undefined): Promise<Greeted> {
  const name = 'websocket';
  const since = performance.now();
  try {
    const headers = authorization(token);
    const greeting = await greetingOf(url, headers);
    const ms = Math.round(performance.now() - since);
    if (greeting?.type === 'error' && String(greeting.code).startsWith('token_'))
      return { iceServers: undefined, check: { name, status: 'bad', ...tokenWords(greeting) } };
    if (greeting?.type !== 'your_id')
      return {
        iceServers: undefined,
        check: {
          name,
          status: 'bad',
          text: 'Something answers, but it is not a Pairlane server.',
          remedy:
            'Check host, port and path of --url; behind a proxy, whether that path leads to the server.',
        },
      };
    return {
      iceServers: await givenIceServers(url, headers),
      check: { name, status: 'ok', text: `Connected and greeted in ${ms} ms.` },
    };
  } catch (error) {
    return { iceServers: undefined, check: { name, status: 'bad', ...refusalWords(error) } };
  }
}

function authorization(token: string | undefined): Record<string, string> {
  return token === undefined ? {} : { authorization: `Bearer ${token}` };
}

function tokenWords({ message }: Readonly<Record<string, unknown>>): Pick<Check, 'text' | 'remedy'> {
  return {
    text: `The server refuses the token: ${String(message).slice(0, MAX_QUOTED_WORDS)}.`,
    remedy: 'Bring one that is valid now, made with the key of this server: --token-file.',
  };
}

/**
 * What a pairing is given: pairs two clients of our own for a moment.
 * @returns undefined if they could not be paired, as with a token for one id, which only one of them can have
 */
async function givenIceServers(
  url: string,
  headers: Record<string, string>,
): Promise<readonly GivenIceServer[] | undefined> {
  const sockets = [0, 1].map(() => new WebSocket(url, { ...SOCKET, headers }));
  try {
    return await new Promise((resolve, reject) => {
      setTimeout(resolve, TIMEOUT_MS, undefined).unref();
      const ids: string[] = [];
      for (const socket of sockets) {
        socket.on('error', reject);
        socket.on('message', (data) => {
          const message = decodeServerMessage(String(data));
          if (message instanceof Error) resolve(undefined);
          if (message instanceof Error || !message) return;
          if (message.type === 'error') resolve(undefined);
          if (message.type === 'paired') resolve(message.ice_servers ?? []);
          if (message.type !== 'your_id') return;
          ids.push(message.id);
          if (ids.length === 2) socket.send(JSON.stringify({ type: 'pair_request', target_id: ids[0] }));
        });
      }
    });
  } catch {
    // If such a pairing is not allowed, there is nothing to check.
    return undefined;
  } finally {
    for (const socket of sockets) {
      socket.on('error', () => {});
      socket.terminate();
    }
  }
}

function refusalWords(error: unknown): Pick<Check, 'text' | 'remedy'> {
  const text = `No connection: ${wordsOf(error)}.`;
  const { status, code, isSilent } = error as { status?: number; code?: string; isSilent?: boolean };
  if (isSilent)
    return {
      text,
      remedy: 'It may wait for a token: bring one with --token-file. Otherwise, is it a Pairlane server?',
    };
  if (code !== undefined && OF_TLS.test(code)) return { text, remedy: 'See `tls`.' };
  if (code === 'ECONNRESET') return { text, remedy: 'If the port speaks TLS, the URL begins with wss://.' };
  if (status === 401 || status === 403)
    return {
      text,
      remedy:
        'The server requires a token, or accepts only some origins: see --allow-origin and --jwt-secret.',
    };
  if (status === 429 || status === 503)
    return {
      text,
      remedy: 'The server is at one of its limits: see --max-connections-per-address and --max-connections.',
    };
  if (status === 502 || status === 504)
    return {
      text,
      remedy: 'A proxy answers, but does not reach the server: does it run where the proxy looks for it?',
    };
  if (status !== undefined)
    return {
      text,
      remedy:
        'Perhaps a proxy does not pass WebSockets on: it must forward the headers Upgrade and Connection.',
    };
  return { text, remedy: 'Check that the server runs, and that no firewall blocks its port.' };
}

type Greeting = Readonly<Record<string, unknown>> | undefined;

/** @throws with `status` if the upgrade is refused */
async function greetingOf(url: string, headers: Record<string, string>): Promise<Greeting> {
  const socket = new WebSocket(url, { ...SOCKET, headers });
  try {
    return await new Promise<Greeting>((resolve, reject) => {
      const silent = () => reject(Object.assign(new Error('no greeting came'), { isSilent: true }));
      const deadline = setTimeout(silent, TIMEOUT_MS);
      const settle = (act: () => void) => {
        clearTimeout(deadline);
        act();
      };
      socket.on('unexpected-response', (request: ClientRequest, response: IncomingMessage) =>
        settle(() => {
          request.destroy();
          reject(Object.assign(new Error(`HTTP ${response.statusCode}`), { status: response.statusCode }));
        }),
      );
      socket.on('error', (error) => settle(() => reject(error)));
      socket.on('close', (code) =>
        settle(() => (code === closeCodes.timedOut ? silent() : reject(new Error('it was closed')))),
      );
      socket.once('message', (data) =>
        settle(() => {
          try {
            resolve(JSON.parse(String(data)));
          } catch {
            resolve(undefined);
          }
        }),
      );
    });
  } finally {
    socket.on('error', () => {});
    socket.terminate();
  }
}

export async function checkTls(url: string): Promise<Check> {
  const name = 'tls';
  const { protocol, hostname, port } = new URL(url);
  if (protocol !== 'wss:') {
    const isHere = ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
    return isHere
      ? { name, status: 'skipped', text: 'No TLS, which is fine on this machine.' }
      : {
          name,
          status: 'warning',
          text: 'No TLS: pages from https:// cannot connect, and anyone on the path can read the traffic.',
          remedy: 'Use --tls-cert and --tls-key, or a proxy that has a certificate.',
        };
  }
  const host = hostname.replace(/^\[|\]$/g, '');
  let socket: TLSSocket | undefined;
  try {
    socket = connectTls({
      host,
      port: Number(port || 443),
      servername: isIP(host) ? '' : host,
      rejectUnauthorized: false,
    });
    await once(socket, 'secureConnect', { signal: AbortSignal.timeout(TIMEOUT_MS) });
    const { authorized, authorizationError } = socket;
    const days = Math.floor((Date.parse(socket.getPeerCertificate().valid_to) - Date.now()) / DAY_MS);
    if (!authorized)
      return {
        name,
        status: 'bad',
        text: `The certificate is not trusted: ${wordsOf(authorizationError)}.`,
        remedy:
          'Put the whole chain in --tls-cert, leaf first, with a certificate for this host name. For one of your own, set NODE_EXTRA_CA_CERTS=cert.pem for clients in Node.',
      };
    return days < SOON_DAYS
      ? {
          name,
          status: 'warning',
          text: `The certificate expires in ${days} days.`,
          remedy: 'Renew it, then send SIGHUP.',
        }
      : { name, status: 'ok', text: `${socket.getProtocol()}, trusted, for ${days} more days.` };
  } catch (error) {
    return {
      name,
      status: 'bad',
      text: `No TLS: ${wordsOf(error)}.`,
      remedy: 'Check that the port speaks TLS; without TLS the URL begins with ws://.',
    };
  } finally {
    socket?.destroy();
  }
}

/** Whether pages of other sites may connect. */
export async function checkOrigin(url: string, token: string | undefined): Promise<Check> {
  const name = 'origin';
  try {
    await greetingOf(url, { ...authorization(token), origin: FOREIGN_ORIGIN });
    return { name, status: 'ok', text: 'Pages of any site can connect.' };
  } catch (error) {
    if ((error as { status?: number }).status !== 403)
      return { name, status: 'skipped', text: `Not tried: ${wordsOf(error)}.` };
    return {
      name,
      status: 'ok',
      text: 'Pages of another site are refused.',
      remedy: 'If your page is on another site than the server, add its origin with --allow-origin.',
    };
  }
}

/** Detects proxies and checks the clock by the headers of an answer. */
export async function checkHeaders(url: string): Promise<Check[]> {
  let headers: IncomingMessage['headers'];
  try {
    headers = await headersOf(url);
  } catch (error) {
    const text = `Not tried: ${wordsOf(error)}.`;
    return ['proxy', 'clock'].map((name) => ({ name, status: 'skipped', text }));
  }
  return [proxyCheck(headers), clockCheck(headers.date)];
}

function proxyCheck(headers: IncomingMessage['headers']): Check {
  const name = 'proxy';
  const signs = ['via', 'server', 'x-served-by', 'cf-ray', 'x-amz-cf-id'].filter(
    (header) => headers[header] !== undefined,
  );
  if (signs.length === 0) return { name, status: 'ok', text: 'No sign of a proxy in the answer.' };
  return {
    name,
    status: 'ok',
    text: `There is a proxy in between (${signs.join(', ')}).`,
    remedy:
      'Start the server with --trust-proxy, or all clients count as one address; let the proxy keep a quiet WebSocket for longer than --ping-interval-ms.',
  };
}

function clockCheck(date: string | undefined): Check {
  const name = 'clock';
  const there = Date.parse(date ?? '');
  if (Number.isNaN(there)) return { name, status: 'skipped', text: 'The answer does not say the time.' };
  const skew = Date.now() - there;
  const s = Math.round(Math.abs(skew) / 1_000);
  if (Math.abs(skew) <= MAX_SKEW_MS)
    return { name, status: 'ok', text: 'This clock and the server’s agree.' };
  return {
    name,
    status: 'warning',
    text: `This clock is ${s} s ${skew > 0 ? 'ahead of' : 'behind'} the server’s.`,
    remedy: 'Synchronize both by NTP: TURN credentials and tokens depend on the time.',
  };
}

async function headersOf(url: string): Promise<IncomingMessage['headers']> {
  const address = url.replace(/^ws/, 'http');
  const get = address.startsWith('https:') ? getHttps : getHttp;
  const options = { rejectUnauthorized: false, timeout: TIMEOUT_MS, agent: false };
  return new Promise((resolve, reject) => {
    const request = get(address, options, (response) => {
      resolve(response.headers);
      // The body is not needed, and may be endless.
      response.destroy();
    });
    request.on('timeout', () => request.destroy(new Error('no answer')));
    request.on('error', reject);
  });
}
