/**
 * What dialects call: each request or signal of a client becomes an event of the machine in charge. A client's signals
 * are events of its pairing; while it has none, its own machine refuses them. What a pure machine cannot know, such as
 * whether the target is free, is looked up here and put into the event.
 */
import type { PairTarget, SessionEvent, StepQueue } from '../../machines/index.ts';
import { type ClientMessageOf, parsePairingKey } from '../../protocol/index.ts';
import { idBeside, isRoomGranted, isSameApp } from '../admission/tokens/grants.ts';
import type { Directory } from './directory.ts';
import type { PairRequest } from './other-nodes.ts';
import { type PairObstacle, pairClients } from './pair-clients.ts';
import type { PairingDetails, Party } from './pairing.ts';
import type { Pairings } from './pairings.ts';
import type { JoinRequest, Rooms } from './rooms/rooms.ts';
import type { ServerSession } from './session.ts';
import type { RoomRequest } from './session-effects.ts';
import type { Sessions } from './sessions.ts';
import { SIGNAL_EVENTS, type Signal } from './signal.ts';
import { KEPT_FRAME_BYTES, type WaitingBytes } from './waiting-bytes.ts';

export interface SignalingDeps {
  readonly directory: Directory;
  readonly sessions: Sessions;
  readonly pairings: Pairings;
  readonly waiting: WaitingBytes;
  readonly rooms: Rooms;
}

export class Signaling {
  readonly queue: StepQueue;
  readonly directory: Directory;
  readonly sessions: Sessions;
  readonly pairings: Pairings;
  /** Bytes that wait for all clients together. */
  readonly waiting: WaitingBytes;
  readonly rooms: Rooms;

  constructor({ directory, sessions, pairings, waiting, rooms }: SignalingDeps) {
    this.queue = sessions.queue;
    this.directory = directory;
    this.sessions = sessions;
    this.pairings = pairings;
    this.waiting = waiting;
    this.rooms = rooms;
    waiting.addSource(() => [...directory.sessions.values()].flatMap(({ waits }) => waits));
  }

  /** Asks for a client by its id or by a key. */
  pairRequest(session: ServerSession, request: PairRequest): void {
    const { key: text, metadata, traceparent } = request;
    const targetId = request.targetId === undefined ? undefined : idBeside(session.id, request.targetId);
    const { target, missing, key } =
      text === undefined ? this.#withId(session, targetId ?? '') : this.#ownerOf(session, text);
    if (target && target !== session && key === undefined && target.client.isKeyOnly) {
      session.refuse({ code: 'key_required', for: 'pair_request' });
      return;
    }
    const availability = target && availabilityOf(target, session, key);
    if (availability === 'free' && session.hasFreeSeat && !target?.hasRoomForPeer) {
      session.refuse({ code: 'peer_slow', for: 'pair_request' });
      return;
    }
    const isPeer = targetId !== undefined && session.isPairedWith(targetId);
    const requested: PairRequested = {
      type: 'PAIR_REQUESTED',
      target: availability ?? (isPeer ? 'peer' : missing),
      targetId: target?.id ?? targetId,
      key,
      metadata,
      traceparent,
    };
    session.dispatch(requested);
  }

  /** See {@link pairClients}. */
  pair(
    initiator: ServerSession | Party,
    responder: ServerSession | Party,
    details: PairingDetails = {},
    epoch?: number,
  ): PairObstacle | undefined {
    return pairClients(this.pairings, initiator, responder, details, epoch);
  }

  /**
   * @param ttlS lifetime in seconds
   * @param uses how many pairings the key is good for
   */
  createKey(session: ServerSession, ttlS: number | undefined, uses: number | undefined): void {
    const hasRoom = this.directory.keys.hasRoomFor(session, this.queue.now);
    session.dispatch({ type: 'KEY_REQUESTED', ttlS, uses, hasRoom });
  }

  joinRoom(session: ServerSession, join: JoinRequest): void {
    const { grants } = session;
    const requested: RoomRequested = {
      type: 'JOIN_REQUESTED',
      isCovered: isRoomGranted(grants, join.room),
      creates: join.create !== undefined && this.rooms.find(grants.app, join.room) === undefined,
      join,
    };
    session.dispatch(requested);
  }

  lockRoom(session: ServerSession, room: string, isLocked: boolean): void {
    const requested: RoomRequested = { type: 'LOCK_REQUESTED', lock: { room, isLocked } };
    session.dispatch(requested);
  }

  /** Relays a message for the client's peer. */
  signal(session: ServerSession, given: Signal): void {
    const signal = given.message.type === 'offer' ? this.#placed(session, given, given.message) : given;
    if (!signal) return;
    const { type, epoch } = signal.message;
    const seat = session.seatOf(epoch);
    if (!seat?.pairing) {
      // The signal crossed the end of the pairing that it names.
      if (session.maxPeers > 1 && epoch !== undefined) return;
      session.dispatch({ type: SIGNAL_EVENTS[type] });
      return;
    }
    if (seat.wasForwarded()) return;
    const { pairing, side } = seat;
    const peer = pairing.other(side);
    this.pairings.signal(pairing, side, signal);
    if (type === 'report') peer.shareReport(signal);
  }

  /**
   * An offer may name the request instead of its pairing, of which its client does not know yet.
   * @returns undefined if there is no pairing: the offer is forgotten, or kept until the request is granted
   */
  #placed(session: ServerSession, signal: Signal, offer: ClientMessageOf<'offer'>): Signal | undefined {
    const { request, ...others } = offer;
    if (request === undefined) return signal;
    const { asked, pendingPairRequest: pending } = session;
    if (!asked || asked.request !== request) return undefined;
    const message = { ...others, epoch: asked.epoch };
    const placed = { bytes: Buffer.from(JSON.stringify(message)), message };
    if (session.seatIn(asked.epoch)) return placed;
    if (pending?.epoch === asked.epoch && !pending.offer) {
      pending.offer = { signal: placed, senderSeq: session.client.nextSenderSeq() };
      this.waiting.added(placed.bytes.length + KEPT_FRAME_BYTES);
    }
    return undefined;
  }

  #withId(session: ServerSession, id: string): Lookup {
    const known = this.directory.sessions.get(id);
    // A client without an app could name one of an app by its whole id.
    const target = known && isSameApp(known.id, session.id) ? known : undefined;
    return { target, missing: target ? 'unknown' : this.directory.otherNodes.lookUp(id), key: undefined };
  }

  #ownerOf(session: ServerSession, text: string): Lookup {
    const { keys, guesses, otherNodes } = this.directory;
    const { now } = this.queue;
    const key = parsePairingKey(text);
    if (guesses.isExhausted(session.guesser, now))
      return { target: undefined, missing: 'guessed_too_often', key };
    const owner = key === undefined ? undefined : keys.find(key, now);
    // An app does not see the keys of other apps.
    const target = owner && isSameApp(owner.id, session.id) ? owner : undefined;
    if (target) return { target, missing: 'unknown_key', key };
    const missing = key === undefined ? 'unknown' : otherNodes.lookUp();
    // A guess that other nodes are asked about counts right away, and is taken back if one of them knows the key.
    if (missing !== 'unreachable') guesses.count(session.guesser, now);
    return { target, missing: missing === 'unknown' ? 'unknown_key' : missing, key };
  }
}

interface Lookup {
  readonly target: ServerSession | undefined;
  readonly missing: PairTarget;
  readonly key: string | undefined;
}

/** With the data that no machine looks at. */
type PairRequested = Extract<SessionEvent, { type: 'PAIR_REQUESTED' }> &
  Pick<PairRequest, 'metadata' | 'traceparent'>;

type RoomRequested = Extract<SessionEvent, { type: 'JOIN_REQUESTED' | 'LOCK_REQUESTED' }> & RoomRequest;

/** Whether the asking client can be paired with the target; a key by itself grants permission. */
function availabilityOf(target: ServerSession, asker: ServerSession, key: string | undefined): PairTarget {
  if (target === asker) return 'self';
  if (asker.isPairedWith(target.id)) return 'peer';
  if (key === undefined && target.hasJustLeft(asker.id)) return 'left';
  return target.hasFreeSeat ? 'free' : 'taken';
}
