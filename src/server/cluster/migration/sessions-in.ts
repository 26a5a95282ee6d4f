/**
 * The sessions that a message of another node is about; undefined if it may be about any. A session may wait for its
 * turn to move, and what was said about it after that has to come after that.
 */
import type { NodeMessage } from '../../../protocol/cluster/index.ts';

/** @param sessionOf the session that was asked for by that number, as long as an answer is awaited */
export function sessionsIn(
  message: NodeMessage,
  sessionOf: (number: number) => string | undefined,
): readonly string[] | undefined {
  switch (message.type) {
    case 'move':
    case 'left':
      return [message.id];
    case 'moved':
    case 'not_moved': {
      const id = sessionOf(message.number);
      return id === undefined ? [] : [id];
    }
    case 'hosting':
      return message.sessions.map(({ id }) => id);
    case 'ask':
      return message.target_id === undefined ? undefined : [message.from, message.target_id];
    case 'denied':
      return [message.to];
    case 'granted':
    case 'signal':
    case 'acked':
    case 'refused':
    case 'away':
    case 'moving':
    case 'ended':
    case 'reclaim':
    case 'reclaimed':
      return [message.from, message.to];
    case 'topics_joined':
    case 'topics_left':
    case 'published':
      return [];
    default:
      return undefined;
  }
}
