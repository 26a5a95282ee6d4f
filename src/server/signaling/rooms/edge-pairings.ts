/** How rooms bring their members together: by the core's one call for that. */
import type { ServerSession } from '../session.ts';
import type { Signaling } from '../signaling.ts';
import type { EdgePairings } from './edges.ts';

/** @param core known once rooms bring anybody together */
export function edgePairings(
  core: () => Pick<Signaling, 'directory' | 'pairings' | 'pair' | 'rooms'>,
): EdgePairings {
  return {
    pair(edge, asking, asked) {
      const [asker, other] = [asking.session, asked.session];
      if (!asker) return 'unavailable';
      if (!other) return core().rooms.otherRooms.pair(edge, asking, asked) ?? 'asked';
      if (!asker.client.hasRoomFor(0) || !other.client.hasRoomFor(0)) return 'peer_slow';
      const obstacle = core().pair(asker, other, { room: edge.room.name });
      return obstacle === 'no_free_seat' ? 'too_many_peers' : obstacle;
    },
    between(one, other) {
      const { sessions } = core().directory;
      return pairingOf(sessions.get(one), other) ?? pairingOf(sessions.get(other), one);
    },
    end: (pairing) => core().pairings.end(pairing, 'initiator', 'unpaired'),
  };
}

function pairingOf(session: ServerSession | undefined, peerId: string) {
  return session?.seats.find(({ peer }) => peer?.id === peerId)?.pairing;
}
