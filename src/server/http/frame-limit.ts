/** The longest frame that a socket accepts: somewhat above our own limit, so that ours refuses with a reason. */

/** A frame above uWebSockets.js's limit ends the socket with 1006 and no reason. */
const HEADROOM_BYTES = 16 * 1024;
const UNLIMITED_BYTES = 256 * 1024 * 1024;

/** @param maxMessageBytes the limit of a message; 0: no limit */
export function maxFrameBytes(maxMessageBytes: number): number {
  return maxMessageBytes === 0 ? UNLIMITED_BYTES : maxMessageBytes + HEADROOM_BYTES;
}
