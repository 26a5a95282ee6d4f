/** Which request a message of the server answers. */
import { expect, it } from '@jest/globals';
import { requestAnsweredBy } from '../../../src/client/peer/pending-requests.ts';
import type { ServerMessage } from '../../../src/protocol/index.ts';

it.each([
  [{ type: 'key' }, 'create_key'],
  [{ type: 'paired', initiator: true }, 'pair_request'],
  [{ type: 'paired', initiator: true, room: 'r' }, undefined],
  [{ type: 'paired', initiator: false }, undefined],
  [{ type: 'room_joined' }, 'join_room'],
  [{ type: 'rooms' }, 'list_rooms'],
  ...['pair_request', 'create_key', 'join_room', 'list_rooms', 'lock_room', 'update_metadata'].map(
    (kind) => [{ type: 'error', for: kind }, kind] as const,
  ),
  [{ type: 'error', for: 'offer' }, undefined],
  [{ type: 'error', for: 'constructor' }, undefined],
  [{ type: 'error' }, undefined],
  [{ type: 'offer' }, undefined],
])('%j answers %p', (message, kind) => {
  expect(requestAnsweredBy(message as ServerMessage)).toBe(kind);
});
