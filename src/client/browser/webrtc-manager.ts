/**
 * `WebRTCManager` for browsers, over their own RTCPeerConnection. The build bundles it with all its dependencies into
 * one ES module, dist/browser/webrtc-manager.js, which a server with --rooms serves at /webrtc-manager.js.
 */
import type { RoomId } from '../../protocol/index.ts';
import { BaseWebRTCManager, type GameSocket, type WebRTCManagerOptions } from '../rooms/manager.ts';
import { browserPlatform } from './index.ts';

export { PairlaneError } from '../peer/errors.ts';
export type { GameSocket, WebRTCManagerCallbacks, WebRTCManagerOptions } from '../rooms/manager.ts';

/** Peer connections between the players of a game. */
export class WebRTCManager extends BaseWebRTCManager {
  readonly #pageHidden = ({ persisted }: PageTransitionEvent) => {
    if (!persisted) this.close();
  };

  constructor(socket: GameSocket, gameId: RoomId, myPlayerId: RoomId, options: WebRTCManagerOptions = {}) {
    super(browserPlatform, socket, gameId, myPlayerId, options);
    // Without a goodbye the other players would think that a page that was left only has a slow network.
    addEventListener('pagehide', this.#pageHidden);
  }

  override close(): Promise<void> {
    removeEventListener('pagehide', this.#pageHidden);
    return super.close();
  }
}

export default WebRTCManager;
