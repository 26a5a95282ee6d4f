/** The snapshot of a session's pairing that goes to another node with the session. */
import type { Side } from '../../../machines/index.ts';
import type { SessionSnapshot } from '../../../protocol/cluster/index.ts';
import type { NodeId } from '../../node-id.ts';
import type { UnackedFrame } from '../../signaling/client.ts';
import type { ServerPairing } from '../../signaling/pairing.ts';
import type { Seat } from '../../signaling/seat.ts';
import type { RemotePairings } from './remote-pairings.ts';

export type PairingSnapshot = SessionSnapshot['pairings'][number];

/** @param here the node that it leaves */
export function takePairingSnapshot(
  { side }: Seat,
  pairing: ServerPairing,
  here: NodeId,
  remotePairings: RemotePairings,
): PairingSnapshot {
  const peer = pairing.other(side);
  const { room, traceparent } = pairing.details;
  const { node, lastSenderSeq, unacked } = remotePairings.knownOf(peer, here);
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

function sidesConnected({ context }: ServerPairing): Side[] {
  const sides: Side[] = [];
  if (context.isInitiatorConnected) sides.push('initiator');
  if (context.isResponderConnected) sides.push('responder');
  return sides;
}

export function unackedFrames({ unacked }: PairingSnapshot): UnackedFrame[] {
  return unacked.map(({ sender_seq: senderSeq, text }) => ({ senderSeq, text }));
}
