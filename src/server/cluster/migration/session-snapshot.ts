/** A session as it travels to another node, packed and unpacked. */
import type { Side } from '../../../machines/index.ts';
import type { TravellingSession } from '../../../protocol/cluster/index.ts';
import { Delivery } from '../../../protocol/index.ts';
import type { Outbox } from '../../dialects/native/outbox.ts';
import { isOf } from '../../dialects/native/restore-pairing.ts';
import { ResumeToken } from '../../dialects/native/resume-secrets.ts';
import type { PairingKeys } from '../../signaling/pairing-keys.ts';
import type { ServerPairing, ServerSession } from '../../signaling/sessions.ts';
import type { NodeId } from '../bus/bus.ts';
import type { Halves } from '../pairing/remote-pairings.ts';
import { RemoteSession } from '../pairing/remote-session.ts';
import { framesFor } from '../pairing/unacked-frames.ts';
import type { Note } from './session-locations.ts';

/**
 * @param here the node that it leaves
 * @param now milliseconds of the clock that the keys know
 */
export function pack(
  session: ServerSession,
  keys: PairingKeys<ServerSession>,
  here: NodeId,
  now: number,
): TravellingSession {
  const { sent, received, held, waiting } = (session.delivery ?? new Delivery<string>()).state;
  const pairing = packPairing(session, here);
  return {
    generation: session.generation,
    sent,
    received,
    held: [...held],
    waiting: waiting.map(({ seq, message, origin }) => ({
      seq,
      text: message.toString(),
      ...(origin !== undefined && { origin }),
    })),
    secrets: [...(session.resumeToken?.outstanding ?? [])],
    keys: keys.allOf(session, now).map(({ key, ttlMs, uses }) => ({ key, ttl_ms: ttlMs, uses })),
    ...(pairing && { pairing }),
  };
}

function packPairing(session: ServerSession, here: NodeId): TravellingSession['pairing'] {
  const { pairing, side } = session;
  if (!pairing) return undefined;
  const peer = pairing.other(side);
  const isRemote = peer instanceof RemoteSession;
  const unsettled = isRemote ? peer.unsettled : framesFor(peer, pairing);
  const node = isRemote ? peer.node : here;
  return {
    epoch: pairing.epoch,
    peer_id: peer.id,
    peer_generation: peer.generation,
    connected: sidesConnected(pairing),
    initiator: side === 'a',
    is_resumable: isRemote ? peer.isResumable : peer.delivery !== undefined,
    is_away: isRemote ? peer.isToldAway : peer.isMissed,
    last_origin: isRemote ? peer.lastOrigin : (peer.delivery?.received ?? peer.lastOrigin),
    unsettled: unsettled.flatMap(({ origin, text }) => (origin === undefined ? [] : [{ origin, text }])),
    ...(node !== undefined && { node }),
  };
}

function sidesConnected({ context: { isAConnected, isBConnected } }: ServerPairing): Side[] {
  return [...(isAConnected ? (['a'] as const) : []), ...(isBConnected ? (['b'] as const) : [])];
}

/** Gives a session that was made anew what it had elsewhere, but for its pairing. */
export function unpack(
  session: ServerSession,
  packed: TravellingSession,
  keys: PairingKeys<ServerSession>,
  halves: Halves,
  now: number,
): void {
  const epoch = packed.pairing?.epoch;
  session.delivery = Delivery.from<string | Buffer>({
    ...packed,
    waiting: packed.waiting.map(({ seq, text, origin }) => ({
      seq,
      message: text,
      origin,
      epoch,
      settled: origin === undefined ? undefined : () => settle(session, epoch, halves, origin),
    })),
  });
  const [secret, ...others] = packed.secrets;
  if (secret !== undefined) session.resumeToken = new ResumeToken(secret, ...others);
  for (const { key, ttl_ms, uses } of packed.keys) keys.adopt(session, key, now + ttl_ms, uses);
}

/** Which pairing it will be is known only once the session has it. */
function settle({ pairing, side }: ServerSession, epoch: number | undefined, halves: Halves, origin: number) {
  if (pairing && pairing.epoch === epoch) halves.settle(pairing, side === 'a' ? 'b' : 'a', origin);
}

export interface UnpackShell {
  readonly sessions: ReadonlyMap<string, ServerSession>;
  readonly outbox: Outbox;
  readonly halves: Halves;
  readonly cluster: () => { readonly node: NodeId; noteOf(sessionId: string): Note | undefined } | undefined;
}

/** Gives it its pairing: the half of it that waits here, or one that looks for the other half where it was. */
export function unpackPairing(
  session: ServerSession,
  packed: NonNullable<TravellingSession['pairing']>,
  { sessions, outbox, halves, cluster }: UnpackShell,
): void {
  const own = halves.of(session.id).find((remote) => isOf(remote, packed));
  if (own) {
    halves.seat(session, own, packed.unsettled);
    return;
  }
  const here = cluster()?.node;
  if (packed.node === here && sessions.has(packed.peer_id)) {
    // Its half was here, and ended meanwhile.
    outbox.send(session, { type: 'peer_disconnected', peer_id: packed.peer_id, reason: 'disconnected' });
    return;
  }
  const node = packed.node === here ? cluster()?.noteOf(packed.peer_id)?.node : packed.node;
  const remote = halves.create(packed.peer_id, node, packed.is_resumable);
  remote.lastOrigin = packed.last_origin;
  remote.generation = packed.peer_generation;
  remote.isToldAway = packed.is_away;
  remote.keep(...packed.unsettled);
  halves.restore(session, packed, remote, 'MOVING', packed.connected);
}
