/** The messages of pairings that a played server says to a played peer, and the connections that come of them. */
import type { CloseReason, Connection, Peer, PeerOptions } from '../../../src/client/index.ts';
import { type FakeDataChannel, type FakePeerConnection, SDP } from './fake-rtc.ts';
import { type PlayedPeer, playedPeer, settled } from './played-peer.ts';

/** Another peer has asked for us. */
export const paired = (epoch: number, more: object = {}) => ({
  type: 'paired',
  peer_id: `peer ${epoch}`,
  initiator: false,
  polite: true,
  epoch,
  ...more,
});

/** We have asked for another peer. */
export const initiated = (epoch: number, more: object = {}) =>
  paired(epoch, { initiator: true, polite: false, ...more });

export const offer = (epoch?: number) => ({
  type: 'offer',
  sdp: SDP,
  from_peer: true,
  ...(epoch && { epoch }),
});

export const gone = (epoch: number, reason = 'unpaired') => ({
  type: 'peer_disconnected',
  peer_id: `peer ${epoch}`,
  epoch,
  reason,
});

/** We are a member of the room. */
export const joined = (room: string, id = '') => ({
  type: 'room_joined',
  room,
  topology: 'none',
  leader: id,
  max_size: 8,
  locked: false,
  peers: [],
});

/** A peer with a connection of each epoch, all of which others asked for. */
export async function withPeers(
  ...epochs: number[]
): Promise<PlayedPeer & { of: (epoch: number) => Connection }> {
  const played = await playedPeer({ peers: 4, timeouts: { offerMs: 0 } }, 4);
  for (const epoch of epochs) played.server.say(paired(epoch));
  return { ...played, of: (epoch) => connectionOf(played.peer, epoch) };
}

export function connectionOf(peer: Peer, epoch: number): Connection {
  const connection = peer.connections.get(`peer ${epoch}`);
  if (!connection) throw new Error(`there is no connection with peer ${epoch}`);
  return connection;
}

/** Why the connection ended, each time that it says so. */
export function closings(connection: Connection): CloseReason[] {
  const reasons: CloseReason[] = [];
  connection.on('close', (reason) => reasons.push(reason));
  return reasons;
}

export interface PlayedConnection extends PlayedPeer {
  readonly connection: Connection;
  readonly engine: FakePeerConnection;
  readonly channel: FakeDataChannel;
}

/**
 * A peer with one connection, whose channel is open and sends nothing before it is told to.
 * @param details of its pairing
 */
export async function playedConnection(
  details: object = {},
  options: PeerOptions = {},
): Promise<PlayedConnection> {
  const played = await playedPeer({ peers: 2, ...options }, 2);
  played.server.say(initiated(1, details));
  await settled();
  const connection = connectionOf(played.peer, 1);
  const engine = played.engines[0] as FakePeerConnection;
  const channel = engine.channels[0] as FakeDataChannel;
  channel.open();
  return { ...played, connection, engine, channel };
}

/** Lets everything be done that the engine was asked to do, and finds a path to the peer. */
export async function connect(engine: FakePeerConnection): Promise<void> {
  while (engine.isBusy) await engine.proceed();
  engine.connectionState = 'connected';
  engine.onconnectionstatechange?.();
}
