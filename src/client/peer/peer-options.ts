/** The options of a peer, and their defaults. */
import type { Clock } from '../../common/clock.ts';
import type {
  Hosted,
  NegotiationContext,
  NegotiationSettings,
  Observer,
} from '../../machines/without-xstate.ts';
import { DEFAULT_PORT } from '../../protocol/index.ts';
import type { ChannelOptions } from '../rtc/peer-connection.ts';
import type { DataChannelInit, IceServer, IceTransportPolicy } from '../rtc/types.ts';
import type { Token } from '../signaling/token-source.ts';
import { checkOptions } from './check-options.ts';
import { PairlaneError } from './errors.ts';

/** The default STUN server, from which a peer learns its public address. */
export const DEFAULT_ICE_SERVERS: readonly IceServer[] = [{ urls: 'stun:stun.l.google.com:19302' }];
export const DEFAULT_URL = `ws://127.0.0.1:${DEFAULT_PORT}/`;

/** How long leaving a pairing may wait for accepted data to arrive. */
const DRAIN_TIMEOUT_MS = 1_000;

export interface PeerLogger {
  debug(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** A client that wants to connect. Comes from a stranger: check it before you use it. */
export interface ConnectRequest {
  readonly peerId: string;
  readonly metadata: unknown;
}

/** True: accept. False, or a text with the reason: reject. */
export type Accept = (request: ConnectRequest) => boolean | string | Promise<boolean | string>;

export interface PeerOptions {
  /** The signaling server; defaults to ws://127.0.0.1:8765/. */
  readonly url?: string;
  /**
   * STUN and TURN servers. Empty: none at all, which connects only within one network. Left out: those that the server
   * names, or else a public STUN server.
   */
  readonly iceServers?: readonly IceServer[];
  /** `relay`: only paths through a TURN server, which hides our addresses from the peer; defaults to `all`. */
  readonly iceTransportPolicy?: IceTransportPolicy;
  /** Further addresses to be reached at, such as 127.0.0.1 where there is only loopback; Node only. */
  readonly iceAdditionalHostAddresses?: readonly string[];
  /**
   * The data channel that the initiator opens and the other peer accepts; defaults to label `chat`, reliable, ordered.
   */
  readonly channel?: DataChannelInit & { readonly label?: string };
  /** Further channels, each with its own label; name the same ones on both sides. */
  readonly channels?: readonly ChannelOptions[];
  /**
   * For a server that requires one: a token (a JWT), or a function that returns one. It is called for each socket, and
   * before a token expires.
   */
  readonly token?: Token;
  /** How many connections to have at once; the server may allow fewer. Defaults to 1. */
  readonly peers?: number;
  /** Called when another client wants to connect to us; left out: every client is accepted. */
  readonly accept?: Accept;
  /** If aborted before the server has greeted us, the peer is closed, and `createPeer` fails with `aborted`. */
  readonly signal?: AbortSignal;
  /** Deadlines in milliseconds; 0 means none. */
  readonly timeouts?: {
    /** For the server's greeting, and for its answer to a request; 10,000. */
    readonly signalingMs?: number;
    /** For the initiator's offer; 30,000. */
    readonly offerMs?: number;
    /** For the answer to our offer, and for our answer to the peer's; 30,000. */
    readonly answerMs?: number;
    /** For the answer of `accept`; 10,000. */
    readonly acceptMs?: number;
    /** For a working path to the peer; 30,000. */
    readonly checkingMs?: number;
    /** How long the connection may be silent before a new path is looked for; 15,000. Node only. */
    readonly silenceMs?: number;
  };
  /** How a lost link to the server is reopened: after a random part of a bound that doubles; false: not at all. */
  readonly reconnect?: false | { readonly baseMs?: number; readonly capMs?: number };
  /** How many ICE restarts in a row to try before giving a connection up; 3. */
  readonly maxRestarts?: number;
  /** The clock; a test steps its own. */
  readonly clock?: Clock;
  /** Called for every step of the peer's state machine. */
  readonly observer?: Observer<Hosted<NegotiationContext>>;
  /** Whether to report each step of the peer's state machine to the server's inspector; defaults to false. */
  readonly inspect?: boolean;
  readonly logger?: PeerLogger;
}

/** Options without a default, used as they are given. */
type AsGiven = {
  readonly [Name in 'iceServers' | 'iceAdditionalHostAddresses' | 'token' | 'accept' | 'observer' | 'logger']:
    | PeerOptions[Name]
    | undefined;
};

/** The options in effect, including defaults. */
export interface ResolvedOptions extends AsGiven {
  /** Includes the number of peers we want, if given. */
  readonly url: string;
  /** Undefined: we do not mention it, and have one peer, as every client does. */
  readonly peers: number | undefined;
  readonly acceptTimeoutMs: number;
  readonly settings: NegotiationSettings;
  /** At least one; the first is the default of `send`. */
  readonly channels: readonly [ChannelOptions, ...ChannelOptions[]];
  readonly requestTimeoutMs: number;
  readonly silenceMs: number;
  readonly iceTransportPolicy: IceTransportPolicy;
  readonly inspect: boolean;
}

/** @throws {PairlaneError} `invalid_option` */
export function resolveOptions(options: PeerOptions): ResolvedOptions {
  checkOptions(options);
  const { timeouts = {}, reconnect } = options;
  const { iceServers, iceAdditionalHostAddresses, iceTransportPolicy = 'all' } = options;
  const { token, accept, observer, inspect = false, logger } = options;
  const { signalingMs = 10_000, offerMs = 30_000, answerMs = 30_000, checkingMs = 30_000 } = timeouts;
  const { silenceMs = 15_000, acceptMs = 10_000 } = timeouts;
  // Rejecting pairings needs the same protocol variant as several peers.
  const peers = options.peers ?? (accept && 1);
  const backoff = reconnect === false ? {} : (reconnect ?? {});
  return {
    iceServers,
    iceAdditionalHostAddresses,
    iceTransportPolicy,
    token,
    accept,
    observer,
    inspect,
    logger,
    url: urlWith(checkUrl(options.url ?? DEFAULT_URL), peers),
    peers,
    acceptTimeoutMs: acceptMs,
    requestTimeoutMs: signalingMs,
    silenceMs,
    channels: resolveChannels(options),
    settings: {
      signalingTimeoutMs: signalingMs,
      offerTimeoutMs: offerMs,
      answerTimeoutMs: answerMs,
      checkingTimeoutMs: checkingMs,
      drainTimeoutMs: DRAIN_TIMEOUT_MS,
      maxRestarts: options.maxRestarts ?? 3,
      backoffBaseMs: backoff.baseMs ?? 500,
      backoffCapMs: backoff.capMs ?? 30_000,
      reconnect: reconnect !== false,
    },
  };
}

function resolveChannels({ channel = {}, channels = [] }: PeerOptions): ResolvedOptions['channels'] {
  const all = [{ ...channel, label: channel.label ?? 'chat' }, ...channels] as const;
  const labels = new Set<string>();
  for (const { label, maxRetransmits, maxPacketLifeTime } of all) {
    const wrong = (why: string) => new PairlaneError('invalid_option', `channel \`${label}\`: ${why}`);
    if (labels.has(label)) throw wrong('the label is there twice');
    labels.add(label);
    if (maxRetransmits !== undefined && maxPacketLifeTime !== undefined) {
      throw wrong('set maxRetransmits or maxPacketLifeTime, not both');
    }
  }
  return all;
}

function urlWith(url: string, peers: number | undefined): string {
  if (peers === undefined) return url;
  const full = new URL(url);
  full.searchParams.set('peers', String(peers));
  return full.href;
}

function checkUrl(url: string): string {
  if (URL.canParse(url) && ['ws:', 'wss:'].includes(new URL(url).protocol)) return url;
  throw new PairlaneError('invalid_option', '`url` should look like ws://HOST:PORT/ or wss://HOST/');
}
