/** Every option of the server, once: flag, PAIRLANE_ variable, default, range and meaning. */
import type { Option, OptionTable, OptionValues } from '../common/options.ts';
import {
  DEFAULT_FIRST_MESSAGE_TIMEOUT_MS,
  DEFAULT_MAX_BYTES_PER_SECOND,
  DEFAULT_MAX_CONNECTIONS,
  DEFAULT_MAX_CONNECTIONS_PER_ADDRESS,
  DEFAULT_MAX_KEY_GUESSES_PER_MINUTE,
  DEFAULT_MAX_MESSAGE_BURST,
  DEFAULT_MAX_MESSAGE_BYTES,
  DEFAULT_MAX_MESSAGES_PER_SECOND,
  DEFAULT_MAX_PLAYERS_PER_ROOM,
  DEFAULT_MAX_ROOMS,
  DEFAULT_MAX_UNSENT_BYTES,
  DEFAULT_MAX_UPGRADES_PER_SECOND,
  DEFAULT_PING_INTERVAL_MS,
  DEFAULT_PING_TIMEOUT_MS,
  DEFAULT_PORT,
  DEFAULT_RESUME_GRACE_MS,
} from '../protocol/index.ts';
import { MAX_NODE_ID, MIN_NODE_ID } from './cluster/bus.ts';
import { DEFAULT_NATS_PREFIX } from './cluster/nats-address.ts';

const DAY_MS = 86_400_000;
const none = 'no limit';

/** How many seconds' worth of bytes a client may send at once. */
export const BYTE_BURST_S = 4;

export const serverOptions = {
  host: { kind: 'text', value: 'HOST', default: '127.0.0.1', help: 'Address to listen on; 0.0.0.0 for all.' },
  port: {
    kind: 'integer',
    min: 1,
    max: 65_535,
    zero: 'any free port',
    default: DEFAULT_PORT,
    help: 'Port to listen on.',
  },
  pingIntervalMs: {
    kind: 'integer',
    min: 50,
    max: DAY_MS,
    zero: 'never',
    default: DEFAULT_PING_INTERVAL_MS,
    help: 'Silence in milliseconds after which a client is pinged.',
  },
  pingTimeoutMs: {
    kind: 'integer',
    min: 50,
    max: DAY_MS,
    zero: 'never',
    default: DEFAULT_PING_TIMEOUT_MS,
    help: 'Further silence in milliseconds after which a pinged client is closed.',
  },
  resumeGraceMs: {
    kind: 'integer',
    min: 50,
    max: DAY_MS,
    zero: 'nobody can come back',
    default: DEFAULT_RESUME_GRACE_MS,
    help: 'Milliseconds that a session waits for a client that lost its socket and asked to come back.',
  },
  secret: {
    kind: 'text',
    value: 'SECRET',
    isSecret: true,
    help: 'With the same one after a restart, clients come back to their sessions and pairings; better in the environment.',
  },
  maxMessageBytes: {
    kind: 'integer',
    min: 1024,
    max: 16 * 1024 * 1024,
    zero: none,
    default: DEFAULT_MAX_MESSAGE_BYTES,
    help: 'Largest message in bytes; a larger one is refused.',
  },
  maxMessagesPerSecond: {
    kind: 'integer',
    min: 1,
    max: 1_000_000,
    zero: none,
    default: DEFAULT_MAX_MESSAGES_PER_SECOND,
    help: 'Messages a second that a client may send in the long run.',
  },
  maxMessageBurst: {
    kind: 'integer',
    min: 1,
    max: 1_000_000,
    default: DEFAULT_MAX_MESSAGE_BURST,
    help: 'Messages that a client may send at once, above the rate.',
  },
  maxBytesPerSecond: {
    kind: 'integer',
    min: 1024,
    max: 1024 * 1024 * 1024,
    zero: none,
    default: DEFAULT_MAX_BYTES_PER_SECOND,
    help: 'Bytes a second that a client may send in the long run; four times as many at once.',
  },
  maxUnsentBytes: {
    kind: 'integer',
    min: 64 * 1024,
    max: 1024 * 1024 * 1024,
    zero: none,
    default: DEFAULT_MAX_UNSENT_BYTES,
    help: 'Bytes that wait for a client that does not read, before it is closed.',
  },
  maxConnections: {
    kind: 'integer',
    min: 1,
    max: 10_000_000,
    zero: none,
    default: DEFAULT_MAX_CONNECTIONS,
    help: 'Clients that may be connected at once.',
  },
  maxConnectionsPerAddress: {
    kind: 'integer',
    min: 1,
    max: 10_000_000,
    zero: none,
    default: DEFAULT_MAX_CONNECTIONS_PER_ADDRESS,
    help: 'The same for one address (for IPv6: one /64).',
  },
  maxUpgradesPerSecond: {
    kind: 'integer',
    min: 1,
    max: 1_000_000,
    zero: none,
    default: DEFAULT_MAX_UPGRADES_PER_SECOND,
    help: 'Connections a second that one address may open in the long run; ten times as many at once.',
  },
  maxKeyGuessesPerMinute: {
    kind: 'integer',
    min: 1,
    max: 1_000_000,
    zero: none,
    default: DEFAULT_MAX_KEY_GUESSES_PER_MINUTE,
    help: 'Wrong pairing keys a minute that one address may try.',
  },
  firstMessageTimeoutMs: {
    kind: 'integer',
    min: 50,
    max: DAY_MS,
    zero: none,
    default: DEFAULT_FIRST_MESSAGE_TIMEOUT_MS,
    help: 'Milliseconds in which a client that comes back, or speaks Socket.IO, says who it is.',
  },
  trustProxy: {
    kind: 'list',
    value: 'ADDRESS',
    default: [],
    help: 'Proxy, or network of proxies, whose X-Forwarded-For is believed; may be given more than once.',
  },
  allowOrigin: {
    kind: 'list',
    value: 'ORIGIN',
    default: [],
    help: 'Origin whose pages may connect, besides this server and localhost; * for all.',
  },
  tlsCert: {
    kind: 'text',
    value: 'FILE',
    help: 'Certificate in PEM, with its chain; then the server speaks TLS.',
  },
  tlsKey: { kind: 'text', value: 'FILE', help: "The certificate's private key in PEM." },
  stunUrl: {
    kind: 'list',
    value: 'URL',
    default: [],
    help: 'STUN server that paired clients are told of; may be given more than once.',
  },
  turnUrl: {
    kind: 'list',
    value: 'URL',
    default: [],
    help: 'TURN server that paired clients are told of; may be given more than once.',
  },
  turnSecret: {
    kind: 'text',
    value: 'SECRET',
    isSecret: true,
    help: "The TURN server's static-auth-secret, from which time-limited credentials are made.",
  },
  turnTtl: {
    kind: 'integer',
    min: 60,
    max: 604_800,
    default: 86_400,
    help: 'Seconds that TURN credentials are good for.',
  },
  inspect: {
    kind: 'switch',
    default: true,
    help: 'Serve the state chart visualizer at /inspect/, to this machine only unless a token is set.',
  },
  inspectToken: {
    kind: 'text',
    value: 'TOKEN',
    isSecret: true,
    help: 'Open the visualizer to everybody who knows this.',
  },
  record: { kind: 'text', value: 'DIR', help: 'Write each pairing into a file here, without its secrets.' },
  recordFiles: {
    kind: 'integer',
    min: 1,
    max: 1_000_000,
    default: 1_000,
    help: 'Recorded pairings that are kept; the oldest go.',
  },
  rooms: {
    kind: 'switch',
    default: false,
    help: 'Serve game rooms over Socket.IO too (the `webrtc_signal` dialect), and the files for their pages.',
  },
  maxRooms: {
    kind: 'integer',
    min: 1,
    max: 10_000_000,
    zero: none,
    default: DEFAULT_MAX_ROOMS,
    help: 'Games that may be under way at once.',
  },
  maxPlayersPerRoom: {
    kind: 'integer',
    min: 2,
    max: 10_000,
    zero: none,
    default: DEFAULT_MAX_PLAYERS_PER_ROOM,
    help: 'Players that one game may have.',
  },
  node: {
    kind: 'integer',
    min: MIN_NODE_ID,
    max: MAX_NODE_ID,
    zero: 'a random one',
    default: 0,
    help: 'Number of this node in a cluster; the ids of its clients begin with it, no two nodes have the same.',
  },
  nats: {
    kind: 'text',
    value: 'URL',
    isSecret: true,
    help: 'NATS server through which this node is one of a cluster, like nats://HOST:4222; commas between several.',
  },
  natsPrefix: {
    kind: 'text',
    value: 'PREFIX',
    default: DEFAULT_NATS_PREFIX,
    help: 'What the NATS subjects begin with; clusters that share a server have different ones.',
  },
  relayPort: {
    kind: 'integer',
    min: 1,
    max: 65_535,
    zero: 'any free port',
    help: 'TCP port where other nodes connect, for a cluster without NATS; anybody who reaches it can join.',
  },
  relayConnect: {
    kind: 'text',
    value: 'HOST:PORT',
    help: 'Node, or server of a relay network, that this node connects to, for a cluster without NATS.',
  },
  logLevel: {
    kind: 'choice',
    choices: ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
    default: 'info',
    help: 'Least severe messages that are logged.',
  },
  logFormat: {
    kind: 'choice',
    choices: ['auto', 'json', 'pretty'],
    default: 'auto',
    help: 'How messages are logged; auto is pretty on a terminal, JSON elsewhere.',
  },
} as const satisfies OptionTable;

export type ServerOptions = OptionValues<typeof serverOptions>;

/** The options' defaults, for a server that a program starts. */
export const defaultServerOptions = Object.fromEntries(
  Object.entries<Option>(serverOptions).map(([name, option]) => [name, option.default]),
) as unknown as ServerOptions;
