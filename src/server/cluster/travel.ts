/** A session as it travels to another node, packed and unpacked. */
import type { Side } from '../../machines/index.ts';
import type { TravellingSession } from '../../protocol/cluster/index.ts';
import { Delivery } from '../../protocol/index.ts';
import type { PairingKeys } from '../keys.ts';
import { ResumeToken } from '../resumption.ts';
import type { ServerPairing, ServerSession } from '../sessions.ts';
import type { NodeId } from './bus.ts';
import type { Halves } from './halves.ts';
import { framesFor } from './passed-frames.ts';
import { RemoteSession } from './remote-session.ts';

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
