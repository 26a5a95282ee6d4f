/** A client as the core sees it that sends nothing and accepts everything: one of many. */
import type { Client } from '../src/server/signaling/client.ts';

export const idleClient: Client = {
  ...{ isKeyOnly: false, address: '', isOnline: false, isResumable: false, maxPeers: 1 },
  ...{ generation: 0, lastSenderSeq: 0, maxWaitingBytes: 0, hasRoomForChange: true, waitingBytes: 0 },
  hasRoomFor: () => true,
  cutUnread() {},
  dropWaiting() {},
  notify() {},
  relay() {},
  close() {},
  discard() {},
  nextSenderSeq: () => 0,
  acked() {},
  isWaitingFor: () => false,
  unackedOf: () => [],
  moveAway() {},
};
