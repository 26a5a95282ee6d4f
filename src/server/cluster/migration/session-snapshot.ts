/** A session as it travels to another node, packed and unpacked. */
import type { Side } from '../../../machines/index.ts';
import type { SessionSnapshot } from '../../../protocol/cluster/index.ts';
import { ReliableDelivery } from '../../../protocol/index.ts';
import type { Outbox } from '../../dialects/native/outbox.ts';
import { isOf } from '../../dialects/native/restore-pairing.ts';
import { ResumeToken } from '../../dialects/native/resume-secrets.ts';
import type { PairingKeys } from '../../signaling/pairing-keys.ts';
import type { ServerPairing, ServerSession } from '../../signaling/sessions.ts';
import type { NodeId } from '../bus/bus.ts';
import type { RemotePairings } from '../pairing/remote-pairings.ts';
import { RemoteSession } from '../pairing/remote-session.ts';
import { framesFor, type UnackedFrame } from '../pairing/unacked-frames.ts';
import type { SessionLocation } from './session-locations.ts';

/**
 * @param here the node that it leaves
 * @param now milliseconds of the clock that the keys know
 */
export function takeSnapshot(
  session: ServerSession,
  keys: PairingKeys<ServerSession>,
  here: NodeId,
  now: number,
): SessionSnapshot {
  const { sent, received, deferred, unacked } = (session.delivery ?? new ReliableDelivery<string>()).state;
  const pairing = packPairing(session, here);
  return {
    generation: session.generation,
    sent,
    received,
    deferred: [...deferred],
    unacked: unacked.map(({ seq, message, senderSeq }) => ({
      seq,
      text: message.toString(),
      ...(senderSeq !== undefined && { sender_seq: senderSeq }),
    })),
    secrets: [...(session.resumeToken?.outstanding ?? [])],
    keys: keys.allOf(session, now).map(({ key, ttlMs, uses }) => ({ key, ttl_ms: ttlMs, uses })),
    ...(pairing && { pairing }),
  };
}

function packPairing(session: ServerSession, here: NodeId): SessionSnapshot['pairing'] {
  const { pairing, side } = session;
  if (!pairing) return undefined;
  const peer = pairing.other(side);
  const isRemote = peer instanceof RemoteSession;
  const unacked = isRemote ? peer.unacked : framesFor(peer, pairing);
  const node = isRemote ? peer.node : here;
  return {
    epoch: pairing.epoch,
    peer_id: peer.id,
    peer_generation: peer.generation,
    connected: sidesConnected(pairing),
    initiator: side === 'initiator',
    is_resumable: isRemote ? peer.isResumable : peer.delivery !== undefined,
    is_away: isRemote ? peer.isToldAway : peer.isMissed,
    last_sender_seq: isRemote ? peer.lastSenderSeq : (peer.delivery?.received ?? peer.lastSenderSeq),
    unacked: unacked.flatMap(({ senderSeq, text }) =>
      senderSeq === undefined ? [] : [{ sender_seq: senderSeq, text }],
    ),
    ...(node !== undefined && { node }),
  };
}

function sidesConnected({ context: { isInitiatorConnected, isResponderConnected } }: ServerPairing): Side[] {
  return [
    ...(isInitiatorConnected ? (['initiator'] as const) : []),
    ...(isResponderConnected ? (['responder'] as const) : []),
  ];
}

/** Gives a session that was made anew what it had elsewhere, but for its pairing. */
export function restoreSnapshot(
  session: ServerSession,
  packed: SessionSnapshot,
  keys: PairingKeys<ServerSession>,
  remotePairings: RemotePairings,
  now: number,
): void {
  const epoch = packed.pairing?.epoch;
  session.delivery = ReliableDelivery.from<string | Buffer>({
    ...packed,
    unacked: packed.unacked.map(({ seq, text, sender_seq: senderSeq }) => ({
      seq,
      message: text,
      senderSeq,
      epoch,
      onAcked: senderSeq === undefined ? undefined : () => ack(session, epoch, remotePairings, senderSeq),
    })),
  });
  const [secret, ...others] = packed.secrets;
  if (secret !== undefined) session.resumeToken = new ResumeToken(secret, ...others);
  for (const { key, ttl_ms, uses } of packed.keys) keys.adopt(session, key, now + ttl_ms, uses);
}

/** Which pairing it will be is known only once the session has it. */
function ack(
  { pairing, side }: ServerSession,
  epoch: number | undefined,
  remotePairings: RemotePairings,
  senderSeq: number,
) {
  if (pairing && pairing.epoch === epoch)
    remotePairings.ack(pairing, side === 'initiator' ? 'responder' : 'initiator', senderSeq);
}

export interface RestoreSnapshotDeps {
  readonly sessions: ReadonlyMap<string, ServerSession>;
  readonly outbox: Outbox;
  readonly remotePairings: RemotePairings;
  readonly cluster: () =>
    | { readonly node: NodeId; locationOf(sessionId: string): SessionLocation | undefined }
    | undefined;
}

/** Gives it its pairing: the half of it that waits here, or one that looks for the other half where it was. */
export function restoreSnapshotPairing(
  session: ServerSession,
  packed: NonNullable<SessionSnapshot['pairing']>,
  { sessions, outbox, remotePairings, cluster }: RestoreSnapshotDeps,
): void {
  const own = remotePairings.of(session.id).find((remote) => isOf(remote, packed));
  if (own) {
    remotePairings.seat(session, own, packed.unacked.map(unackedFrame));
    return;
  }
  const here = cluster()?.node;
  if (packed.node === here && sessions.has(packed.peer_id)) {
    // Its half was here, and ended meanwhile.
    outbox.send(session, { type: 'peer_disconnected', peer_id: packed.peer_id, reason: 'disconnected' });
    return;
  }
  const node = packed.node === here ? cluster()?.locationOf(packed.peer_id)?.node : packed.node;
  const remote = remotePairings.create(packed.peer_id, node, packed.is_resumable);
  remote.lastSenderSeq = packed.last_sender_seq;
  remote.generation = packed.peer_generation;
  remote.isToldAway = packed.is_away;
  remote.keep(...packed.unacked.map(unackedFrame));
  remotePairings.restore(session, packed, remote, 'MOVING', packed.connected);
}

function unackedFrame({ sender_seq: senderSeq, text }: { sender_seq: number; text: string }): UnackedFrame {
  return { senderSeq, text };
}
