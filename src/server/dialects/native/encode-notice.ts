/** Encodes the core's notices as native messages. */
import { errorMessages, type ServerMessage } from '../../../protocol/index.ts';
import { publicIdOf } from '../../admission/tokens/grants.ts';
import type { ClientNotice } from '../../signaling/client.ts';
import { roomEncoders } from './encode-room-notice.ts';

type NoticeOf<T extends ClientNotice['type']> = Extract<ClientNotice, { readonly type: T }>;

/** @property hasPeers whether the client asked for a number of peers: only such a client knows about epochs */
type Encode<T extends ClientNotice['type']> = (
  notice: NoticeOf<T>,
  hasPeers: boolean,
) => ServerMessage | undefined;

const encoders: { readonly [T in ClientNotice['type']]: Encode<T> } = {
  paired: ({ peerId, isInitiator, epoch, iceServers, metadata, room, traceparent, request }, hasPeers) => ({
    type: 'paired',
    peer_id: publicIdOf(peerId),
    initiator: isInitiator,
    polite: !isInitiator,
    epoch,
    ...(iceServers && { ice_servers: iceServers }),
    ...(hasPeers && metadata !== undefined && { metadata }),
    ...(room !== undefined && { room }),
    ...(traceparent !== undefined && { traceparent }),
    ...(request !== undefined && { request }),
  }),
  peer_disconnected: ({ peerId, epoch, reason, message }, hasPeers) => ({
    type: 'peer_disconnected',
    peer_id: publicIdOf(peerId),
    ...(hasPeers && { epoch }),
    reason,
    ...(hasPeers && message !== undefined && { message }),
  }),
  peer_away: ({ peerId, epoch }, hasPeers) => ({
    type: 'peer_away',
    peer_id: publicIdOf(peerId),
    ...(hasPeers && { epoch }),
  }),
  peer_back: ({ peerId, epoch }, hasPeers) => ({
    type: 'peer_back',
    peer_id: publicIdOf(peerId),
    ...(hasPeers && { epoch }),
  }),
  key: ({ key, expiresAt }) => ({
    type: 'key',
    key,
    ...(expiresAt !== undefined && { expires_at: expiresAt }),
  }),
  key_expired: ({ key }, hasPeers) => (hasPeers ? { type: 'key_expired', key } : undefined),
  refused: ({ code, message, for: type, epoch, room, request }, hasPeers) => ({
    type: 'error',
    code,
    message: message ?? errorMessages[code],
    ...(type && { for: type }),
    ...(hasPeers && epoch !== undefined && { epoch }),
    ...(room !== undefined && { room }),
    ...(request !== undefined && { request }),
  }),
  ...roomEncoders,
  ping: () => ({ type: 'ping' }),
  token_expiring: ({ expiresAt }) => ({ type: 'token_expiring', expires_at: expiresAt }),
  restarting: ({ afterMs }) => ({ type: 'restarting', after_ms: afterMs }),
};

/** Whether a notice is meant for the current socket only, and is not sent again after it is lost. */
export const isForSocketOnly = ({ type }: ClientNotice): boolean => type === 'ping' || type === 'restarting';

/** @returns undefined for a notice that this client is not told */
export function encodeNotice(notice: ClientNotice, hasPeers: boolean): ServerMessage | undefined {
  return (encoders[notice.type] as Encode<ClientNotice['type']>)(notice as never, hasPeers);
}
