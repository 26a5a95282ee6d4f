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
  /** By the id that is waited for, in its app, then by the waiting client. */
  readonly #peers = new Map<string, Map<PeerJsClient, AbsentPeer>>();
  readonly #counts = new Map<PeerJsClient, number>();
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
    for (const peers of this.#peers.values()) yield* peers.values();
  }

  /** Holds a signal to a client that is not there. */
  hold(from: PeerJsClient, signal: PeerJsSignal): void {
    const { type, payload, frame } = signal;
    // Kept, and a part of a message that may be long.
    const dst = ownText(signal.dst);
    const peer = this.#peers.get(from.scope + dst)?.get(from) ?? this.#begin(from, dst);
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
    for (const peer of [...(this.#peers.get(scopedId)?.values() ?? [])])
      this.host.dispatch(peer, { type: 'PEER_ARRIVED' });
  }

  /** The client no longer waits for anyone or, given an id, for that peer. */
  left(from: PeerJsClient, dst?: string): void {
    if (!this.#counts.has(from)) return;
    for (const peer of [...this])
      if (peer.from === from && (dst === undefined || peer.dst === dst))
        this.host.dispatch(peer, { type: 'SENDER_LEFT' });
  }

  /** @returns undefined if the client already waits for as many peers as it may */
  #begin(from: PeerJsClient, dst: string): AbsentPeer | undefined {
    const count = this.#counts.get(from) ?? 0;
    if (count >= MAX_ABSENT_PEERS) return undefined;
    this.#counts.set(from, count + 1);
    const peer = new AbsentPeer(from, dst, (one) => this.host.dispatch(one, { type: 'SHED' }));
    const peers = this.#peers.get(from.scope + dst) ?? new Map();
    this.#peers.set(from.scope + dst, peers.set(from, peer));
    this.host.start(peer, { holdMs: PEERJS_HOLD_MS });
    return peer;
  }

  /** @returns the messages that were held */
  #forget(peer: AbsentPeer): AbsentPeer['held'] {
    const { from, dst } = peer;
    const held = peer.drop();
    const scopedId = from.scope + dst;
    const peers = this.#peers.get(scopedId);
    if (!peers?.delete(from)) return held;
    if (peers.size === 0) this.#peers.delete(scopedId);
    const left = (this.#counts.get(from) ?? 1) - 1;
    if (left > 0) this.#counts.set(from, left);
    else this.#counts.delete(from);
    return held;
  }
}

/** @param frame a message that was read before */
export function payloadIn(frame: Buffer): unknown {
  return (JSON.parse(frame.toString()) as { payload?: unknown }).payload;
}
