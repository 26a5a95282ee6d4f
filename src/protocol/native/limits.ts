/**
 * The protocol's own numbers, each with its unit in its name. For what an operator may change, this is only the
 * default.
 */

export const DEFAULT_PORT = 8765;

export const DEFAULT_PING_INTERVAL_MS = 30_000;
export const DEFAULT_PING_TIMEOUT_MS = 10_000;
export const DEFAULT_RESUME_GRACE_MS = 30_000;
/** For the first message of a client that says it comes back, or uses Socket.IO. */
export const DEFAULT_FIRST_MESSAGE_TIMEOUT_MS = 5_000;

/** The longest drain, and the longest time to come back that a client accepts. */
export const MAX_DRAIN_MS = 3_600_000;
export const MAX_RESTART_AFTER_MS = 2 * MAX_DRAIN_MS;

export const DEFAULT_MAX_MESSAGE_BYTES = 64 * 1024;
export const DEFAULT_MAX_MESSAGES_PER_SECOND = 50;
export const DEFAULT_MAX_MESSAGE_BURST = 200;
/**
 * Per session. A second's worth may be sent at once, which fits into what its peer may have unacked; an offer with its
 * candidates is about 10 KB.
 */
export const DEFAULT_MAX_BYTES_PER_SECOND = 512 * 1024;
export const DEFAULT_MAX_UNSENT_BYTES = 1024 * 1024;

/** For all sessions together, in buffers outside the JavaScript heap. */
export const DEFAULT_MAX_WAITING_BYTES = 64 * 1024 * 1024;

export const DEFAULT_MAX_CONNECTIONS = 100_000;
export const DEFAULT_MAX_CONNECTIONS_PER_ADDRESS = 1_000;
export const DEFAULT_MAX_UPGRADES_PER_SECOND = 100;

export const DEFAULT_KEY_TTL_S = 600;
export const MAX_KEY_TTL_S = 86_400;
export const MAX_KEY_USES = 1_000;
export const MAX_KEYS_PER_SESSION = 16;
export const DEFAULT_MAX_KEY_GUESSES_PER_MINUTE = 20;

/** Per client; a larger number is reduced to the server's `--max-peers-per-client`. */
export const DEFAULT_MAX_PEERS_PER_CLIENT = 64;
export const MAX_PEERS_PER_CLIENT = 1_000;
/**
 * How long a client that was left may not ask for the one that left it by id: no client is kept paired against its
 * will.
 */
export const JUST_LEFT_PAUSE_S = 10;
/** For the reason of a rejected pairing. */
export const MAX_REJECT_CHARS = 200;

export const DEFAULT_MAX_ROOMS = 1_000;
export const DEFAULT_MAX_PLAYERS_PER_ROOM = 16;
export const MAX_ROOM_ID_CHARS = 128;

/** For rooms of the native protocol. */
export const MAX_ROOM_NAME_CHARS = 64;
export const MAX_PASSWORD_CHARS = 128;
/** For the metadata of a pair request, a member or a room: as JSON text in UTF-8. */
export const MAX_METADATA_BYTES = 2 * 1024;
export const DEFAULT_MAX_MEMBERS_PER_ROOM = 64;
/** The most that a server can be configured to allow, and that our clients accept from any server. */
export const MAX_MEMBERS_PER_ROOM = 10_000;
export const DEFAULT_MAX_ROOMS_PER_CLIENT = 8;

/** RFC 8839 does not limit candidate lines; real ones stay under 300 characters. */
export const MAX_CANDIDATE_CHARS = 4_096;

/** Unknown fields are relayed, but not a thousand levels of them: some JSON parsers recurse. */
export const MAX_EXTRA_DEPTH = 32;
/** Per message, counting nested values; a step of a client's machine has about a hundred. */
export const MAX_MESSAGE_VALUES = 4_096;
