/** What the network lets through: STUN, UDP, the kind of NAT, and TURN over each of its transports. */
import { type Check, wordsOf } from './check.ts';
import { allocate, type IceUrl, mappedPorts, parseIceUrl } from './stun-client.ts';
import type { Credentials } from './stun-message.ts';

export interface TurnUrl {
  readonly url: string;
  readonly credentials: Credentials | undefined;
}

export interface UdpStunUrl {
  readonly url: string;
  readonly parsed: IceUrl;
}

/** @returns nothing for a URL that is not of a STUN or TURN server by UDP */
export function udpStunUrl(url: string): UdpStunUrl[] {
  const parsed = parseIceUrl(url);
  return parsed?.transport === 'udp' ? [{ url, parsed }] : [];
}

/** Checks STUN, whether UDP is open and, if two servers answer, the kind of NAT. */
export async function checkStun(known: readonly UdpStunUrl[]): Promise<Check[]> {
  const ports = await mappedPorts(known.map(({ parsed }) => parsed));
  const checks = known.map(({ url }, i): Check => {
    const isThere = ports[i] !== undefined;
    return isThere
      ? { name: 'stun', status: 'ok', text: `${url} answers.` }
      : {
          name: 'stun',
          status: 'warning',
          text: `${url} does not answer.`,
          remedy: 'Check its address, and that UDP to its port can get out.',
        };
  });
  const seen = ports.filter((port) => port !== undefined);
  return [...checks, udpCheck(seen.length > 0), ...natChecks(seen)];
}

function udpCheck(isOpen: boolean): Check {
  return isOpen
    ? { name: 'udp', status: 'ok', text: 'UDP gets out and back: direct connections are possible.' }
    : {
        name: 'udp',
        status: 'bad',
        text: 'No answer by UDP: this network blocks it, and a direct connection will not come up; or none of these STUN servers runs.',
        remedy: 'Start the server with --turn-url, a turns: URL over TCP 443, and --turn-secret-file.',
      };
}

function natChecks(ports: readonly number[]): Check[] {
  if (ports.length < 2) return [];
  const isSame = ports.every((port) => port === ports[0]);
  return [
    isSame
      ? {
          name: 'nat',
          status: 'ok',
          text: 'All servers see the same port: direct connections work through this NAT, if there is one.',
        }
      : {
          name: 'nat',
          status: 'warning',
          text: 'Each server sees a different port: a symmetric NAT. Two such networks cannot connect directly.',
          remedy: 'Start the server with --turn-url and --turn-secret-file.',
        },
  ];
}

export async function checkTurn({ url, credentials }: TurnUrl): Promise<Check> {
  const name = 'turn';
  const parsed = parseIceUrl(url);
  if (!parsed?.isTurn)
    return {
      name,
      status: 'bad',
      text: `${url} is no TURN URL.`,
      remedy: 'It should look like turn:HOST:PORT?transport=tcp or turns:HOST:PORT.',
    };
  const how = `${url} by ${parsed.transport.toUpperCase()}`;
  try {
    const { errorCode } = await allocate(parsed, credentials);
    return errorCode === undefined
      ? { name, status: 'ok', text: `${how}: an allocation was made.` }
      : {
          name,
          status: 'bad',
          text: `${how}: refused with ${errorCode}.`,
          remedy: remedyFor(errorCode, credentials),
        };
  } catch (error) {
    return { name, status: 'bad', text: `${how}: ${wordsOf(error)}.`, remedy: unreachable(parsed) };
  }
}

function remedyFor(code: number, credentials: Credentials | undefined): string {
  if (code === 401 && !credentials) return 'Give --turn-secret, the static-auth-secret of the TURN server.';
  if (code === 401)
    return 'Make --turn-secret the static-auth-secret of the TURN server (use-auth-secret), and check both clocks.';
  if (code === 486)
    return 'The TURN server has no more allocations for this user: see its user-quota and total-quota.';
  if (code === 508) return 'The TURN server has no free port: see its min-port and max-port.';
  return 'See the log of the TURN server.';
}

function unreachable({ transport, port }: IceUrl): string {
  return transport === 'udp'
    ? `Let UDP ${port} through to the TURN server, or use ?transport=tcp.`
    : `Let TCP ${port} through to the TURN server, and see whether it listens there${transport === 'tls' ? ' with a certificate' : ''}.`;
}
