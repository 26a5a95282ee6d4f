/** `WebRTCManager` for Node, over werift: for agents that take part in a game. Browsers use their own. */
import type { RoomId } from '../../protocol/index.ts';
import { nodePlatform } from '../index.ts';
import { BaseWebRTCManager, type GameSocket, type WebRTCManagerOptions } from './manager.ts';

export { PairlaneError } from '../peer/errors.ts';
export type { GameSocket, WebRTCManagerCallbacks, WebRTCManagerOptions } from './manager.ts';

/** Peer connections between the players of a game. */
export class WebRTCManager extends BaseWebRTCManager {
  constructor(socket: GameSocket, gameId: RoomId, myPlayerId: RoomId, options: WebRTCManagerOptions = {}) {
    super(nodePlatform, socket, gameId, myPlayerId, options);
  }
}

export default WebRTCManager;
