/** The snapshot of a session's pairing that goes to another node with the session. */
import type { Side } from '../../../machines/index.ts';
import type { SessionSnapshot } from '../../../protocol/cluster/index.ts';
import type { NodeId } from '../../node-id.ts';
import type { UnackedFrame } from '../../signaling/client.ts';
import type { ServerPairing } from '../../signaling/pairing.ts';
import type { Seat } from '../../signaling/seat.ts';
import { RemoteSession } from './remote-session.ts';

export type PairingSnapshot = SessionSnapshot['pairings'][number];

/** @param here the node that it leaves */
export function takePairingSnapshot({ side }: Seat, pairing: ServerPairing, here: NodeId): PairingSnapshot {
  const peer = pairing.other(side);
  const { room, traceparent } = pairing.details;
  const { node, lastSenderSeq, unacked } = knownOf(peer as Seat | RemoteSession, here);
  return {
    epoch: pairing.epoch,
    peer_id: peer.id,
    peer_generation: peer.generation,
    connected: sidesConnected(pairing),
    initiator: side === 'initiator',
    is_resumable: peer.isResumable,
    is_away: peer.isMissed,
    last_sender_seq: lastSenderSeq,
    unacked: unacked.flatMap(({ senderSeq, text }) =>
      senderSeq === undefined ? [] : [{ sender_seq: senderSeq, text }],
    ),
    ...(node !== undefined && { node }),
    ...(room !== undefined && { room }),
    ...(traceparent !== undefined && { traceparent }),
  };
}

/** What this node knows of the peer: its node, the last number it sent, and what it may not have received. */
function knownOf(
  peer: Seat | RemoteSession,
  here: NodeId,
): Pick<RemoteSession, 'lastSenderSeq' | 'unacked'> & { readonly node: NodeId | undefined } {
  if (peer instanceof RemoteSession) return peer;
  const { client } = peer.session;
  return { node: here, lastSenderSeq: client.lastSenderSeq, unacked: [...client.unackedOf(peer.epoch)] };
}

function sidesConnected({ context }: ServerPairing): Side[] {
  const sides: Side[] = [];
  if (context.isInitiatorConnected) sides.push('initiator');
  if (context.isResponderConnected) sides.push('responder');
  return sides;
}

export function unackedFrames({ unacked }: PairingSnapshot): UnackedFrame[] {
  return unacked.map(({ sender_seq: senderSeq, text }) => ({ senderSeq, text }));
}
