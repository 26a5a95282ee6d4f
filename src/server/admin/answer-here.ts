/** What this node answers about its own sessions, pairings and rooms, and does with them. Undefined: it is not here. */
import type { Clock } from '../../common/clock.ts';
import {
  type AdminErrorCode,
  type AdminInput,
  type AdminOperation,
  type AdminOutput,
  DEFAULT_PAGE_SIZE,
} from '../../protocol/admin/admin-operations.ts';
import { closeCodes, formatPairingKey } from '../../protocol/index.ts';
import { appOf } from '../admission/tokens/grants.ts';
import type { ServerPairing } from '../signaling/pairing.ts';
import type { Room } from '../signaling/rooms/room.ts';
import type { ServerSession } from '../signaling/session.ts';
import type { Signaling } from '../signaling/signaling.ts';
import { AppTally } from './app-tally.ts';
import { firstAfter } from './first-after.ts';

/** A request that cannot be fulfilled. */
export interface AdminRefusal {
  readonly refusal: AdminErrorCode;
  readonly message?: string;
}

/** For a list, only its items: the rest of a page is known when all nodes have answered. */
type Answer<Name extends AdminOperation> =
  AdminOutput<Name> extends { items: (infer Item)[] } ? { items: Item[] } : AdminOutput<Name>;

export type AdminHandlers = {
  readonly [Name in AdminOperation]: (input: AdminInput<Name>) => Answer<Name> | AdminRefusal | undefined;
};

export interface AnswerHereDeps {
  readonly signaling: Signaling;
  readonly clock: Clock;
  readonly node: number;
}

/** The keys behind `next` and `after` of each list. */
export const pageKeys = {
  list_sessions: ({ id }: { id: string }) => id,
  list_pairings: ({ epoch }: { epoch: number }) => epoch,
  // An app never contains a slash.
  list_rooms: ({ app, name }: { app: string; name: string }) => `${app}/${name}`,
  list_apps: ({ app }: { app: string }) => app,
} as const;

export function handlersHere({ signaling, clock, node }: AnswerHereDeps): AdminHandlers {
  const { directory, pairings, rooms, sessions } = signaling;
  const wallTimeOf = (at: number) => Math.max(0, Math.round(clock.wallTime() - (signaling.queue.now - at)));

  const shownSession = (session: ServerSession): AdminOutput<'get_session'> => {
    const { id, grants, client, seats, keys, openedAt } = session;
    const { metadata } = grants;
    return {
      id,
      public_id: session.publicId,
      app: grants.app,
      node,
      is_online: client.isOnline,
      opened_at: wallTimeOf(openedAt),
      ...(client.dialect !== undefined && { dialect: client.dialect }),
      peers: seats.flatMap(({ peer, epoch }) => (peer ? [{ id: peer.id, epoch }] : [])),
      rooms: rooms.of(session).map(({ name }) => name),
      keys: keys.length,
      ...(metadata !== undefined && ({ metadata } as object)),
    };
  };
  const shownPairing = (pairing: ServerPairing): AdminOutput<'get_pairing'> => {
    const { epoch, initiator, responder, value, startedAt, details } = pairing;
    return {
      epoch,
      app: appOf(initiator.id),
      node,
      initiator_id: initiator.id,
      responder_id: responder.id,
      state: String(value),
      started_at: wallTimeOf(startedAt),
      ...(details.room !== undefined && { room: details.room }),
    };
  };
  const shownRoom = (room: Room): AdminOutput<'list_rooms'>['items'][number] => {
    const { app, name, shown, options, context, openedAt } = room;
    return {
      app,
      name,
      node,
      topology: shown.topology,
      members: shown.members,
      max_size: shown.maxSize,
      is_locked: shown.isLocked,
      has_password: shown.hasPassword,
      is_public: options.isPublic,
      leader: context.leaderId ?? null,
      opened_at: wallTimeOf(openedAt),
      ...(shown.metadata !== undefined && ({ metadata: shown.metadata } as object)),
    };
  };
  const pairingOf = (wanted: number) => {
    for (const pairing of pairings.all) if (pairing.epoch === wanted) return pairing;
    return undefined;
  };
  const DONE = { ended: true } as const;

  return {
    list_sessions: ({ app, after, limit = DEFAULT_PAGE_SIZE }) => {
      const ofApp = (session: ServerSession) => app === undefined || session.grants.app === app;
      const found = firstAfter(directory.sessions.values(), pageKeys.list_sessions, {
        after,
        limit,
        fits: ofApp,
      });
      return { items: found.map(shownSession) };
    },
    get_session: ({ id }) => {
      const session = sessions.withId(id);
      return session && shownSession(session);
    },
    end_session: ({ id, reason = 'Ended by the server' }) => {
      const session = sessions.withId(id);
      if (session) sessions.close(session, closeCodes.policyViolation, reason);
      return session && DONE;
    },
    create_key: ({ id, ttl_s, uses }) => {
      const session = sessions.withId(id);
      if (!session) return undefined;
      const { keys } = directory;
      const { now } = signaling.queue;
      if (!keys.hasRoomFor(session, now)) return { refusal: 'too_many_keys' };
      const { key, ttlMs } = keys.create(session, now, ttl_s, uses);
      const isEndless = ttlMs === Number.POSITIVE_INFINITY;
      return {
        key: formatPairingKey(key),
        ...(!isEndless && { expires_at: Math.round(clock.wallTime() + ttlMs) }),
      };
    },
    list_pairings: ({ app, after, limit = DEFAULT_PAGE_SIZE }) => {
      const ofApp = ({ initiator }: ServerPairing) => app === undefined || appOf(initiator.id) === app;
      const since = after === undefined ? undefined : Number(after);
      const found = firstAfter(pairings.all, pageKeys.list_pairings, { after: since, limit, fits: ofApp });
      return { items: found.map(shownPairing) };
    },
    get_pairing: ({ epoch }) => {
      const pairing = pairingOf(epoch);
      return pairing && shownPairing(pairing);
    },
    end_pairing: ({ epoch }) => {
      const pairing = pairingOf(epoch);
      if (pairing) pairings.end(pairing, 'initiator', 'closed');
      return pairing && DONE;
    },
    list_rooms: ({ app, after, limit = DEFAULT_PAGE_SIZE }) => {
      const ofApp = (room: Room) => app === undefined || room.app === app;
      const found = firstAfter(rooms.all.values(), pageKeys.list_rooms, { after, limit, fits: ofApp });
      return { items: found.map(shownRoom) };
    },
    get_room: ({ app = '', name }) => {
      const room = rooms.find(app, name);
      return room && { ...shownRoom(room), ids: room.context.members.map(({ id }) => id) };
    },
    end_room: ({ app = '', name }) => {
      const room = rooms.find(app, name);
      if (room) rooms.end(room);
      return room && DONE;
    },
    list_apps: ({ after, limit = DEFAULT_PAGE_SIZE }) => {
      const tally = new AppTally();
      for (const session of directory.sessions.values()) tally.countSession(session);
      for (const pairing of pairings.all) tally.countPairing(pairing);
      for (const room of rooms.all.values()) tally.countRoom(room);
      return { items: firstAfter(tally.counts, pageKeys.list_apps, { after, limit }) };
    },
  };
}
