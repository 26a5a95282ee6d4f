/** How rooms pair their members: the same way as the core pairs any two clients. */
import type { Directory } from '../directory.ts';
import { pairClients } from '../pair-clients.ts';
import type { Pairings } from '../pairings.ts';
import type { ServerSession } from '../session.ts';
import type { EdgePairings } from './edges.ts';

export function edgePairings({ sessions }: Directory, pairings: Pairings): EdgePairings {
  return {
    pair(edge, asking, asked) {
      const [asker, other] = [asking.session, asked.session];
      if (!asker || !other) return 'unavailable';
      if (!asker.hasRoomForPeer || !other.hasRoomForPeer) return 'peer_slow';
      const obstacle = pairClients(pairings, asker, other, { room: edge.room.name });
      return obstacle === 'no_free_seat' ? 'too_many_peers' : obstacle;
    },
    between(one, other) {
      return pairingOf(sessions.get(one), other) ?? pairingOf(sessions.get(other), one);
    },
    end: (pairing) => pairings.end(pairing, 'initiator', 'unpaired'),
  };
}

function pairingOf(session: ServerSession | undefined, peerId: string) {
  return session?.seats.find(({ peer }) => peer?.id === peerId)?.pairing;
}
