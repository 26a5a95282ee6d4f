/** The options of `WebRTCManager`, checked as strictly as those of a peer. */
import type { RoomId } from '../../protocol/index.ts';
import { anything, type Checks, checkFields, isFunction, withMethods } from '../peer/check-options.ts';
import type { PairlaneError } from '../peer/errors.ts';
import type { PeerOptions } from '../peer/peer-options.ts';

/** The game's callbacks; each may be given as an option, or set on the manager. */
export interface WebRTCManagerCallbacks {
  /** The channel to that player is open: `send` works. */
  onDataChannelOpen?: ((peerId: RoomId) => void) | undefined;
  onDataChannelMessage?: ((data: string | ArrayBuffer, peerId: RoomId) => void) | undefined;
  /** A channel that was open has closed. */
  onDataChannelClose?: ((peerId: RoomId) => void) | undefined;
  /** No connection could be made, or one was lost and could not be restored. `connectToPeer` tries again. */
  onConnectionFailed?: ((peerId: RoomId, error: PairlaneError) => void) | undefined;
}

/** Those of each player's connection. */
type ConnectionOptions = Pick<
  PeerOptions,
  'iceServers' | 'iceTransportPolicy' | 'iceAdditionalHostAddresses' | 'timeouts' | 'maxRestarts' | 'observer'
>;

export interface WebRTCManagerOptions extends WebRTCManagerCallbacks, ConnectionOptions {
  /** Where log lines go; defaults to the console, `false` turns them off. */
  readonly logger?: false | { log(line: string): void; warn(line: string): void };
}

const isLogger = withMethods('log', 'warn');

/** What they have to be is checked where the options of a peer are; `timeouts` are given to it with one of our own. */
const asOfPeer: { readonly [Name in keyof Required<ConnectionOptions>]: Checks[string] } = {
  iceServers: anything,
  iceTransportPolicy: anything,
  iceAdditionalHostAddresses: anything,
  timeouts: (value) => (typeof value === 'object' && value !== null ? undefined : 'an object'),
  maxRestarts: anything,
  observer: anything,
};

const fields: { readonly [Name in keyof Required<WebRTCManagerOptions>]: Checks[string] } = {
  ...asOfPeer,
  onDataChannelOpen: isFunction,
  onDataChannelMessage: isFunction,
  onDataChannelClose: isFunction,
  onConnectionFailed: isFunction,
  logger: (value) => (value === false || !isLogger(value) ? undefined : `false, or ${isLogger(value)}`),
};

/**
 * The options of each player's connection.
 * @throws {PairlaneError} `invalid_option` for one that is not an option of a manager
 */
export function connectionOptionsOf(options: WebRTCManagerOptions): ConnectionOptions {
  checkFields('options', options, fields);
  const given = Object.entries(options).filter(
    ([name, value]) => Object.hasOwn(asOfPeer, name) && value !== undefined,
  );
  return Object.fromEntries(given);
}
