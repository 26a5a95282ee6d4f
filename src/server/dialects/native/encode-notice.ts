/** The core's notices as the messages of this wire. */
import { errorMessages, type ServerMessage } from '../../../protocol/index.ts';
import { publicIdOf } from '../../admission/tokens/grants.ts';
import type { ClientNotice } from '../../signaling/client.ts';
import { roomEncoders } from './encode-room-notice.ts';

type NoticeOf<T extends ClientNotice['type']> = Extract<ClientNotice, { readonly type: T }>;

const encoders: { readonly [T in ClientNotice['type']]: (notice: NoticeOf<T>) => ServerMessage } = {
  paired: ({ peerId, isInitiator, epoch, iceServers, room }) => ({
    type: 'paired',
    peer_id: publicIdOf(peerId),
    initiator: isInitiator,
    polite: !isInitiator,
    epoch,
    ...(iceServers && { ice_servers: iceServers }),
    ...(room !== undefined && { room }),
  }),
  peer_disconnected: ({ peerId, reason }) => ({
    type: 'peer_disconnected',
    peer_id: publicIdOf(peerId),
    reason,
  }),
  peer_away: ({ peerId }) => ({ type: 'peer_away', peer_id: publicIdOf(peerId) }),
  peer_back: ({ peerId }) => ({ type: 'peer_back', peer_id: publicIdOf(peerId) }),
  key: ({ key, expiresAt }) => ({ type: 'key', key, expires_at: expiresAt }),
  refused: ({ code, message, for: type }) => ({
    type: 'error',
    code,
    message: message ?? errorMessages[code],
    ...(type && { for: type }),
  }),
  ...roomEncoders,
  ping: () => ({ type: 'ping' }),
  restarting: ({ afterMs }) => ({ type: 'restarting', after_ms: afterMs }),
};

/** Good for one socket only, and not sent again after it is lost. */
export const isForSocketOnly = ({ type }: ClientNotice): boolean => type === 'ping' || type === 'restarting';

export function encodeNotice(notice: ClientNotice): ServerMessage {
  return (encoders[notice.type] as (notice: ClientNotice) => ServerMessage)(notice);
}
