/** Calls a program's hooks when sessions, pairings and rooms change: after the step, and whatever they throw. */
import type { ServerPairing } from '../signaling/pairing.ts';
import type { Room } from '../signaling/rooms/room.ts';
import type { Signaling } from '../signaling/signaling.ts';
import type { Logger } from '../telemetry/logger.ts';
import { sessionInfo } from './control.ts';
import type { GivenHooks, PairingInfo, RoomInfo } from './hooks.ts';

export function tellHooks({ onSession, onPairing, onRoom }: GivenHooks, signaling: Signaling, log: Logger) {
  const tell = <Change>(name: string, hook: (change: Change) => unknown, change: Change) =>
    queueMicrotask(async () => {
      try {
        await hook(change);
      } catch (error) {
        log.error({ event: 'hook_failed', hook: name, err: error }, `The hook ${name} failed`);
      }
    });
  if (onSession) {
    const told = tell<Parameters<typeof onSession>[0]>;
    signaling.directory.watchSessions({
      opened: (session) => told('onSession', onSession, { type: 'opened', session: sessionInfo(session) }),
      ended: (session, reason) =>
        told('onSession', onSession, { type: 'ended', session: sessionInfo(session), reason }),
      moved: (session) => told('onSession', onSession, { type: 'moved', session: sessionInfo(session) }),
    });
  }
  if (onPairing) {
    const told = (change: Parameters<typeof onPairing>[0]) => tell('onPairing', onPairing, change);
    signaling.pairings.watch({
      paired: (pairing) => told({ type: 'paired', pairing: pairingInfo(pairing) }),
      negotiating: (pairing) => told({ type: 'negotiating', pairing: pairingInfo(pairing) }),
      connected: (pairing) => told({ type: 'connected', pairing: pairingInfo(pairing) }),
      ended: (pairing, reason) => told({ type: 'ended', pairing: pairingInfo(pairing), reason }),
      moved: (pairing) => told({ type: 'moved', pairing: pairingInfo(pairing) }),
    });
  }
  if (onRoom) {
    const told = (change: Parameters<typeof onRoom>[0]) => tell('onRoom', onRoom, change);
    signaling.rooms.watch({
      opened: (room) => told({ type: 'opened', room: roomInfo(room) }),
      joined: (room, id) => told({ type: 'joined', room: roomInfo(room), id }),
      left: (room, id, reason) => told({ type: 'left', room: roomInfo(room), id, reason }),
      ended: (room) => told({ type: 'ended', room: roomInfo(room) }),
    });
  }
}

function pairingInfo({ epoch, initiator, responder, details: { room } }: ServerPairing): PairingInfo {
  return {
    epoch,
    initiatorId: initiator.id,
    responderId: responder.id,
    ...(room !== undefined && { room }),
  };
}

function roomInfo({ app, name, memberships }: Room): RoomInfo {
  return { app, name, size: memberships.size };
}
