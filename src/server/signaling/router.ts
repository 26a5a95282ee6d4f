/**
 * From a frame to the machine in charge. A client's signals are events of its pairing; while it has none, its own
 * machine refuses them. What a machine cannot know (is that target free?) is looked up here and goes into the event.
 */
import type {
  MachineHost,
  PairTarget,
  pairingMachine,
  SessionEvent,
  Side,
  sessionMachine,
} from '../../machines/index.ts';
import { type ClientMessageOf, type ClientMessageType, parsePairingKey } from '../../protocol/index.ts';
import type { AddressRate } from '../admission/rate-limits.ts';
import type { RemotePairings } from '../cluster/pairing/remote-pairings.ts';
import { RemoteSession } from '../cluster/pairing/remote-session.ts';
import { isWaitingFor } from '../cluster/pairing/unacked-frames.ts';
import { type Frame, textOf } from '../dialects/native/decode-client-message.ts';
import type { PairingKeys } from './pairing-keys.ts';
import { type ServerPairing, type ServerPairingEvent, ServerSession } from './sessions.ts';

export type SessionHost = MachineHost<typeof sessionMachine, ServerSession>;
export type PairingHost = MachineHost<typeof pairingMachine, ServerPairing, ServerPairingEvent>;

export interface Directory {
  readonly sessions: ReadonlyMap<string, ServerSession>;
  readonly keys: PairingKeys<ServerSession>;
  readonly guesses: AddressRate;
  /** Whether another node may have a client that this one does not have: by its id, or whoever made a key. */
  readonly elsewhere: (id?: string) => 'unknown' | 'elsewhere' | 'unreachable';
}

const SIGNAL_EVENTS = {
  offer: 'OFFER_RECEIVED',
  answer: 'ANSWER_RECEIVED',
  candidate: 'CANDIDATE_RECEIVED',
  report: 'REPORT_RECEIVED',
  unpair: 'UNPAIR_RECEIVED',
} as const;

/** Which message an event came from, for the error that answers it. */
export const messageTypeOf: { readonly [event: string]: ClientMessageType } = {
  ...Object.fromEntries(
    Object.entries(SIGNAL_EVENTS).map(([type, event]) => [event, type as ClientMessageType]),
  ),
  PAIR_REQUESTED: 'pair_request',
  KEY_REQUESTED: 'create_key',
};

type Signal = ClientMessageOf<'offer' | 'answer' | 'candidate' | 'report' | 'unpair'>;

export class Router {
  readonly #sessionHost: SessionHost;
  readonly #pairingHost: PairingHost;
  readonly #directory: Directory;
  readonly #remotePairings: Pick<RemotePairings, 'relay'>;
  readonly #peerStepped: (session: ServerSession, step: object) => void;

  /** @param peerStepped told of a step that a client tells of its own machine */
  constructor(
    sessionHost: SessionHost,
    pairingHost: PairingHost,
    directory: Directory,
    remotePairings: Pick<RemotePairings, 'relay'>,
    peerStepped: (session: ServerSession, step: object) => void = () => {},
  ) {
    this.#sessionHost = sessionHost;
    this.#pairingHost = pairingHost;
    this.#directory = directory;
    this.#remotePairings = remotePairings;
    this.#peerStepped = peerStepped;
  }

  /** @param now milliseconds of the server's clock */
  route(session: ServerSession, frame: Frame, now: number): void {
    const { message } = frame;
    switch (message.type) {
      // Dealt with by who got them: to be heard is all that these are for here.
      case 'pong':
      case 'ack':
      case 'resume':
        return;
      case 'inspect':
        this.#peerStepped(session, message.step);
        return;
      case 'pair_request':
        this.#sessionHost.dispatch(session, this.#pairRequested(session, message, now));
        return;
      case 'create_key':
        this.#sessionHost.dispatch(session, {
          type: 'KEY_REQUESTED',
          ttlS: message.ttl_s,
          uses: message.uses,
          hasRoom: this.#directory.keys.hasRoomFor(session, now),
        });
        return;
      default:
        this.#signal(session, frame, message);
    }
  }

  #signal(session: ServerSession, frame: Frame, message: Signal): void {
    const { pairing, side } = session;
    if (!pairing) {
      this.#sessionHost.dispatch(session, { type: SIGNAL_EVENTS[message.type] });
      return;
    }
    const peer = pairing.other(side);
    if (session.delivery && session.delivery.received <= session.lastForwardedSeq) {
      // Its peer's node had it, from the node that this client was at before: it is as safe as it will be.
      if (peer instanceof ServerSession && isWaitingFor(peer, pairing, session.delivery.received))
        session.delivery.deferAck();
      return;
    }
    this.signal(pairing, side, frame);
    // Not relayed by an effect: the other half is told, which counts it as this one does.
    if (message.type === 'report' && peer instanceof RemoteSession)
      this.#remotePairings.relay(peer, textOf(frame));
  }

  /** A client's message for its peer, from a socket or from another node. */
  signal(pairing: ServerPairing, from: Side, frame: Frame, senderSeq?: number): void {
    const message = frame.message as Signal;
    switch (message.type) {
      case 'unpair':
        this.#pairingHost.dispatch(pairing, { type: 'UNPAIR_RECEIVED', from, epoch: message.epoch, frame });
        return;
      case 'report':
        this.#pairingHost.dispatch(pairing, {
          type: 'REPORT_RECEIVED',
          from,
          epoch: message.epoch,
          isConnected: message.state === 'connected',
          frame,
        });
        return;
      default:
        this.#pairingHost.dispatch(pairing, {
          type: SIGNAL_EVENTS[message.type],
          from,
          epoch: message.epoch,
          frame,
          senderSeq,
        });
    }
  }

  #pairRequested(
    session: ServerSession,
    message: ClientMessageOf<'pair_request'>,
    now: number,
  ): SessionEvent {
    const found =
      message.key === undefined
        ? this.#withId(message.target_id ?? '')
        : this.#ownerOf(session, message.key, now);
    return {
      type: 'PAIR_REQUESTED',
      target: found.target ? availability(found.target, session) : found.missing,
      targetId: found.target?.id ?? message.target_id,
      key: found.key,
    };
  }

  #withId(id: string): Lookup {
    const { sessions, elsewhere } = this.#directory;
    const target = sessions.get(id);
    return { target, missing: target ? 'unknown' : elsewhere(id), key: undefined };
  }

  #ownerOf(session: ServerSession, text: string, now: number): Lookup {
    const { keys, guesses, elsewhere } = this.#directory;
    const key = parsePairingKey(text);
    if (guesses.isExhausted(session.address, now))
      return { target: undefined, missing: 'guessed_too_often', key };
    const target = key === undefined ? undefined : keys.find(key, now);
    if (target) return { target, missing: 'unknown_key', key };
    const missing = key === undefined ? 'unknown' : elsewhere();
    // One that other nodes are asked for is counted when they do not know it either.
    if (missing === 'unknown') guesses.count(session.address, now);
    return { target, missing: missing === 'unknown' ? 'unknown_key' : missing, key };
  }
}

interface Lookup {
  readonly target: ServerSession | undefined;
  readonly missing: PairTarget;
  readonly key: string | undefined;
}

/** Whether a client can be had by the one who asks for it. */
export function availability(target: ServerSession, asker: ServerSession): PairTarget {
  if (target === asker) return 'self';
  return target.pairing || target.pendingPairRequest ? 'taken' : 'free';
}
