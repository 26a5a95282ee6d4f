/** The absent peers that clients signal to: what is held for each, from whom, and the machine that decides how long. */
import { ownText } from '../../../common/cut-text.ts';
import {
  type AbsentPeerContext,
  type AbsentPeerEvent,
  absentPeerMachine,
  Hosted,
  MachineHost,
  type StepQueue,
} from '../../../machines/index.ts';
import {
  MAX_ABSENT_PEERS,
  MAX_HELD_BYTES,
  MAX_HELD_SIGNALS,
  PEERJS_HOLD_MS,
  type PeerJsRelayedType,
} from '../../../protocol/index.ts';
import { KEPT_FRAME_BYTES, type Waits } from '../../signaling/waiting-bytes.ts';
import type { PeerJsClient } from './peerjs-client.ts';

/** A client's message to another, with the frame to be sent. */
export interface PeerJsSignal {
  readonly type: PeerJsRelayedType;
  readonly dst: string;
  /** Its SDP may be read from the frame as received, and so is valid no longer than that. */
  readonly payload: unknown;
  /** Valid only until the handler that received it returns. */
  readonly frame: Buffer;
}

export class AbsentPeer extends Hosted<AbsentPeerContext> implements Waits {
  readonly from: PeerJsClient;
  readonly dst: string;
  /**
   * Stored without the payload: parsed, it takes many times the memory of the frame, so the frame is parsed again
   * later.
   */
  held: Omit<PeerJsSignal, 'payload'>[] = [];
  heldBytes = 0;
  readonly #shed: (peer: AbsentPeer) => void;

  constructor(from: PeerJsClient, dst: string, shed: (peer: AbsentPeer) => void) {
    super();
    this.from = from;
    this.dst = dst;
    this.#shed = shed;
  }

  get waitingBytes(): number {
    return this.heldBytes + KEPT_FRAME_BYTES * this.held.length;
  }

  /** Drops what is held at once: its machine may be in a step, and hears of it only after that. */
  shedWaiting(): void {
    this.drop();
    this.#shed(this);
  }

  /** @returns the messages that were held */
  drop(): AbsentPeer['held'] {
    const { held } = this;
    this.held = [];
    this.heldBytes = 0;
    return held;
  }
}

export interface AbsentPeersDeps {
  readonly queue: StepQueue;
  /** The absent peer has arrived. */
  readonly deliver: (from: PeerJsClient, signal: PeerJsSignal) => void;
  /** More bytes are being held. */
  readonly added: (bytes: number) => void;
  /** A message is not held. */
  readonly dropped: (from: PeerJsClient) => void;
  readonly failed: (from: PeerJsClient, error: unknown, effect: string) => void;
}

type AbsentPeerHost = MachineHost<
  typeof absentPeerMachine,
  AbsentPeer,
  AbsentPeerEvent & { readonly signal?: PeerJsSignal }
>;

export class AbsentPeers {
  readonly host: AbsentPeerHost;
  /** By the waiting client, then by the id that it waits for. */
  readonly #ofClient = new Map<PeerJsClient, Map<string, AbsentPeer>>();
  /** By the id that is waited for, in its app. */
  readonly #withId = new Map<string, Set<AbsentPeer>>();
  readonly #deps: AbsentPeersDeps;

  constructor(deps: AbsentPeersDeps) {
    this.#deps = deps;
    this.host = new MachineHost(absentPeerMachine, {
      queue: deps.queue,
      executors: {
        holdSignal(peer, { signal }) {
          if (!signal) return;
          const { type, dst, frame } = signal;
          peer.held.push({ type, dst, frame });
          peer.heldBytes += frame.length;
          deps.added(frame.length + KEPT_FRAME_BYTES);
        },
        dropSignal: (peer) => deps.dropped(peer.from),
        deliverHeld: (peer) => {
          for (const held of this.#forget(peer))
            deps.deliver(peer.from, { ...held, payload: payloadIn(held.frame) });
        },
        announceExpired: (peer) => {
          this.#forget(peer);
          peer.from.expired(peer.dst);
        },
        forgetHeld: (peer) => void this.#forget(peer),
      },
      onError: (peer, error, effect) => {
        this.#forget(peer);
        deps.failed(peer.from, error, effect);
      },
    });
  }

  *[Symbol.iterator](): Iterator<AbsentPeer> {
    for (const peers of this.#ofClient.values()) yield* peers.values();
  }

  /** Holds a signal to a client that is not there. */
  hold(from: PeerJsClient, signal: PeerJsSignal): void {
    const { type, payload, frame } = signal;
    // Kept, and a part of a message that may be long.
    const dst = ownText(signal.dst);
    const peer = this.#ofClient.get(from)?.get(dst) ?? this.#begin(from, dst);
    if (!peer) {
      this.#deps.dropped(from);
      from.expired(dst);
      return;
    }
    const hasRoom = peer.held.length < MAX_HELD_SIGNALS && peer.heldBytes + frame.length <= MAX_HELD_BYTES;
    const kept = { type, dst, payload, frame: Buffer.from(frame) };
    this.host.dispatch(peer, { type: 'SIGNAL_RECEIVED', hasRoom, signal: kept });
  }

  /** A client with that id, prefixed with its app, has arrived. */
  arrived(scopedId: string): void {
    for (const peer of [...(this.#withId.get(scopedId) ?? [])])
      this.host.dispatch(peer, { type: 'PEER_ARRIVED' });
  }

  /** The client no longer waits for anyone or, given an id, for that peer. */
  left(from: PeerJsClient, dst?: string): void {
    for (const peer of [...(this.#ofClient.get(from)?.values() ?? [])])
      if (dst === undefined || peer.dst === dst) this.host.dispatch(peer, { type: 'SENDER_LEFT' });
  }

  /** @returns undefined if the client already waits for as many peers as it may */
  #begin(from: PeerJsClient, dst: string): AbsentPeer | undefined {
    const ofClient = this.#ofClient.get(from) ?? new Map();
    if (ofClient.size >= MAX_ABSENT_PEERS) return undefined;
    const peer = new AbsentPeer(from, dst, (one) => this.host.dispatch(one, { type: 'SHED' }));
    this.#ofClient.set(from, ofClient.set(dst, peer));
    const scopedId = from.scope + dst;
    this.#withId.set(scopedId, (this.#withId.get(scopedId) ?? new Set()).add(peer));
    this.host.start(peer, { holdMs: PEERJS_HOLD_MS });
    return peer;
  }

  /** @returns the messages that were held */
  #forget(peer: AbsentPeer): AbsentPeer['held'] {
    const { from, dst } = peer;
    const scopedId = from.scope + dst;
    const [ofClient, withId] = [this.#ofClient.get(from), this.#withId.get(scopedId)];
    withId?.delete(peer);
    if (withId?.size === 0) this.#withId.delete(scopedId);
    if (ofClient?.get(dst) === peer) ofClient.delete(dst);
    if (ofClient?.size === 0) this.#ofClient.delete(from);
    return peer.drop();
  }
}

/** @param frame a message that was read before */
export function payloadIn(frame: Buffer): unknown {
  return (JSON.parse(frame.toString()) as { payload?: unknown }).payload;
}
