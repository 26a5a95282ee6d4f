/** Everything that can go wrong for a peer, as one error class with a code for programs and a message for people. */
import type { NegotiationFailure } from '../../machines/without-xstate.ts';
import { type ErrorCode, errorMessages, isErrorCode } from '../../protocol/index.ts';

/** Why a peer gives up, and what to do about it. */
const failureMessages: { readonly [Failure in NegotiationFailure]: string } = {
  signaling_failed: 'The signaling server cannot be reached. Is it running, and is the URL right?',
  signaling_timeout: 'The signaling server did not send an id in time. Is it a Pairlane server?',
  signaling_lost: 'The link to the signaling server was lost before the peers were connected. Pair again.',
  offer_timeout: "The initiator's offer did not come in time. Pair again.",
  answer_timeout: 'The peer did not answer the offer in time. Pair again.',
  own_answer_timeout:
    "The answer to the peer's offer was not made in time. Are the STUN and TURN servers reachable?",
  connection_failed: 'The connection to the peer failed and could not be restored. Pair again.',
  connection_timeout:
    'No path to the peer was found in time. If one of you is behind a strict NAT or firewall, add a TURN server to `iceServers`.',
  description_refused: "The peer's session description was refused. It may speak another WebRTC dialect.",
};

const ownMessages = {
  closed: 'The peer is closed. Create a new one.',
  ended: 'The signaling server ended this session. Do not reconnect automatically.',
  replaced:
    'Another client came with a token for the same id, and has taken it over. Give each client its own `sub`.',
  not_online:
    'The peer is not connected to the signaling server at the moment. Wait for the `signaling` event.',
  request_pending: 'An earlier request of this kind has no answer yet. Await it first.',
  timeout: 'The signaling server did not answer in time. Try again.',
  not_open: 'There is no open data channel. Await `opened()` before you send.',
  peer_gone: 'The peer left.',
  rejected: 'The peer did not want this connection.',
  several_connections: 'There are several connections. Call the one you mean; they are in `connections`.',
  aborted: 'The request was aborted by its signal.',
  metadata_too_large:
    'Metadata should be JSON of at most 2,048 bytes. Send what is larger over the data channel.',
  token_missing: 'The signaling server requires a token. Pass one: the option `token`, or `--token-file`.',
  token_failed: 'Your `token` callback returned no token, so the peer did not connect; see `cause`.',
  accept_failed: 'Your `accept` threw an error, so the other client was rejected; see `cause`.',
  accept_timeout:
    'Your `accept` did not answer within `timeouts.acceptMs`, so the other client was rejected.',
  listener_failed: 'A listener of this connection threw an error, which ended the connection; see `cause`.',
  unpaired: 'The pairing was ended on this side.',
  too_large_to_send: 'A message can have at most 65,536 bytes, text as UTF-8. Send it in parts.',
  channel_timeout:
    'The connection is up, but its data channel did not open in time. Name the same channels on both sides.',
  send_failed: 'The data channel refused the message.',
  unknown_channel: 'There is no data channel with that label. Name it in `channels`, on both sides.',
  channel_closed: 'The peer closed a data channel. Name the same channels on both sides.',
  message_too_large: 'The peer sent a message that is larger than this side accepts; the pairing is over.',
  unexpected_channel: 'The peer opened a data channel that was not agreed; it was closed.',
  invalid_server_message: 'The signaling server sent a message that does not fit the protocol.',
  server_flooding:
    'The signaling server sent more than any Pairlane server does, so the peer left it. Is the URL right?',
  server_error: 'The signaling server reported an error.',
  invalid_option: 'An option is wrong.',
  internal: 'Something failed inside Pairlane.',
} as const;

export type PeerErrorCode = ErrorCode | NegotiationFailure | keyof typeof ownMessages;

/** The client's own errors, besides those that the server sends. */
export const clientErrorMessages = { ...failureMessages, ...ownMessages };

const messages: Readonly<Record<string, string>> = { ...errorMessages, ...clientErrorMessages };

/** How many characters of a server's own text are kept. */
const MAX_SERVER_WORDS = 1_000;
/** The same where it is only a part of what we say. */
export const MAX_QUOTED_WORDS = 200;

/** The server's `error` message. */
interface ServerError {
  readonly message: string;
  readonly code?: string | undefined;
  readonly for?: string | undefined;
}

/** The only error class of the client's API; programs match on `code`. */
export class PairlaneError extends Error {
  readonly code: PeerErrorCode;
  /** The type of the message that the server refused, if it is the server's error. */
  readonly for: string | undefined;
  /** Whether the server sent the error; the message is then the server's own. */
  readonly isFromServer: boolean;

  /**
   * @param detail follows the code's own message: specifics, but nothing that a stranger sent
   * @param more `cause`: the underlying error
   */
  constructor(code: PeerErrorCode, detail = '', more: { cause?: unknown; fromServer?: ServerError } = {}) {
    const own = detail === '' ? messages[code] : withDetail(messages[code] ?? '', detail);
    super(more.fromServer?.message ?? own, more.cause === undefined ? undefined : { cause: more.cause });
    this.name = 'PairlaneError';
    this.code = code;
    this.for = more.fromServer?.for;
    this.isFromServer = more.fromServer !== undefined;
  }

  /** An error that the server sent: its own text is kept. */
  static fromServer(error: ServerError): PairlaneError {
    const isKnown = error.code !== undefined && isErrorCode(error.code);
    const message = error.message.slice(0, MAX_SERVER_WORDS);
    return new PairlaneError(isKnown ? (error.code as ErrorCode) : 'server_error', '', {
      fromServer: { ...error, message },
    });
  }

  /** Any thrown value as this error. */
  static from(code: PeerErrorCode, cause: unknown): PairlaneError {
    if (cause instanceof PairlaneError) return cause;
    return new PairlaneError(code, cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

/**
 * `The peer left.` and `gone home` become `The peer left: gone home`; for a message of several sentences, the detail is
 * put in brackets.
 */
function withDetail(message: string, detail: string): string {
  return /\. |\?$/.test(message) ? `${message} (${detail})` : `${message.replace(/\.$/, '')}: ${detail}`;
}

/** Errors caused by messages that crossed on their way; the machine handles them. */
export function isExpected(error: PairlaneError): boolean {
  // A session that could not be resumed was replaced by a new one; or we left a peer that has left us meanwhile.
  if (error.for === 'resume' || error.for === 'unpair') return true;
  // Our offer yields to the peer's; or we sent something to a peer whose pairing has just ended.
  return error.code === 'offer_collision' || (error.code === 'not_paired' && error.for !== undefined);
}
