/**
 * Pairings with one client on another node: each node has a side, whose machine is told everything that either client
 * does. This file has the messages between the sides; reconcile-pairings.ts lets them find each other again.
 * `senderSeq` tells both which signals they have.
 *
 * | message   | says                                                          |
 * | --------- | ------------------------------------------------------------- |
 * | signal    | an offer, answer, candidate or report of the sender's client  |
 * | said      | the same for clients that chose their ids                     |
 * | acked     | the sender's client has that signal, or it was refused        |
 * | refused   | the sender's side refused a signal                            |
 * | away      | the sender's client lost its socket, and may come back        |
 * | moving    | the sender's client went to another node                      |
 * | ended     | there is no such pairing, or no longer                        |
 * | reclaim   | the sender has this side: who has the other?                  |
 * | reclaimed | the sender has the other side                                 |
 */
import { MachineHost, remoteSessionMachine, type Side } from '../../../machines/index.ts';
import type { NodeMessage, NodeMessageOf } from '../../../protocol/cluster/index.ts';
import type { DisconnectReason } from '../../../protocol/index.ts';
import type { NodeId } from '../../node-id.ts';
import type { Refusal, UnackedFrame } from '../../signaling/client.ts';
import type { PairingDetails, ServerPairing } from '../../signaling/pairing.ts';
import { Seat } from '../../signaling/seat.ts';
import type { ServerSession } from '../../signaling/session.ts';
import type { Signal } from '../../signaling/signal.ts';
import type { Signaling } from '../../signaling/signaling.ts';
import type { Links } from '../links.ts';
import type { SessionLocations } from '../migration/session-locations.ts';
import { PairingReconciler } from './reconcile-pairings.ts';
import { type ChosenIds, RemoteSession, type RemoteSessionOwner, type Said } from './remote-session.ts';
import { remoteSessionEffects } from './remote-session-effects.ts';

export interface RemotePairingsDeps {
  readonly links: Links;
  readonly locations: SessionLocations;
  readonly signaling: Signaling;
  /** Decodes a signal, with the same checks as for a client; undefined if it is invalid. */
  readonly signalIn: (bytes: Uint8Array) => Signal | undefined;
}

type PairingMessageType =
  | 'signal'
  | 'acked'
  | 'refused'
  | 'away'
  | 'ended'
  | 'reclaim'
  | 'reclaimed'
  | 'moving';

/** A message's fields apart from those that identify the pairing. */
type PairingMessageFields<T extends PairingMessageType> = Omit<
  NodeMessageOf<T>,
  'type' | 'epoch' | 'from' | 'to'
>;

/** How a restored pairing begins. */
export interface Restored {
  readonly epoch: number;
  readonly isInitiator: boolean;
  /** Whether the other client is known to be on its way, or its place is unknown. */
  readonly remoteIs: 'MOVING' | 'CUT_OFF';
  /** The sides that reported at another node that they are connected. */
  readonly connected: readonly Side[];
  readonly details: PairingDetails;
}

export class RemotePairings implements RemoteSessionOwner {
  readonly remoteHost: MachineHost<typeof remoteSessionMachine, RemoteSession>;
  /** Finds the other sides again. */
  readonly reconciler: PairingReconciler;
  readonly #remotes = new Map<string, RemoteSession[]>();
  readonly locations: SessionLocations;
  readonly #deps: RemotePairingsDeps;

  constructor(deps: RemotePairingsDeps) {
    this.#deps = deps;
    const { signaling, links, locations } = deps;
    this.locations = locations;
    signaling.waiting.addSource(() => this.all());
    this.remoteHost = new MachineHost(remoteSessionMachine, {
      queue: signaling.queue,
      executors: remoteSessionEffects({ lose: (remote, reason) => this.lose(remote, reason) }),
      onError: ({ pairing }, error, effect) => {
        if (pairing) signaling.pairings.fail(pairing, error, effect);
      },
    });
    this.reconciler = new PairingReconciler({ links, locations, signaling, remotePairings: this });
  }

  /** The remote sessions that stand for the client of that id. */
  of(id: string): readonly RemoteSession[] {
    return this.#remotes.get(id) ?? [];
  }

  /** All clients of other nodes that are paired with clients of this node. */
  all(): RemoteSession[] {
    return [...this.#remotes.values()].flat();
  }

  /**
   * @param node where the client is; undefined when nobody knows
   * @param isMissed whether its peer was told that it is away
   */
  create(id: string, node: NodeId | undefined, isResumable: boolean, isMissed = false): RemoteSession {
    const remote = new RemoteSession(id, node, isResumable, this);
    this.#remotes.set(id, [...this.of(id), remote]);
    const { resumeGraceMs } = this.#deps.signaling.sessions.settings;
    this.remoteHost.start(remote, { id, isResumable, isMissed, resumeGraceMs });
    return remote;
  }

  /** The pairing is over, or its client is here now. */
  release(remote: RemoteSession): void {
    const others = this.of(remote.id).filter((other) => other !== remote);
    if (others.length === 0) this.#remotes.delete(remote.id);
    else this.#remotes.set(remote.id, others);
    this.remoteHost.dispatch(remote, { type: 'RELEASED' });
  }

  relay(remote: RemoteSession, text: string, senderSeq: number | undefined): void {
    const isNear = remote.isReachable;
    if (senderSeq !== undefined || !isNear) remote.keep({ senderSeq, text });
    if (isNear) this.tellSignal(remote, { text, senderSeq });
    if (remote.isOverfull) this.overfull(remote);
  }

  say({ node, side, id }: RemoteSession, chosen: ChosenIds, { pairing, text }: Said): void {
    if (node === undefined) return;
    const { theirs: to, ours: from, isTold = false } = chosen;
    const named = { epoch: pairing.epoch, from: pairing.other(side).id, to: id, is_new: !isTold };
    this.#deps.links.send(node, { type: 'said', to, from, text, pairing: named });
    chosen.isTold = true;
  }

  overfull(remote: RemoteSession): void {
    this.lose(remote, 'overfull');
  }

  added(bytes: number): void {
    this.#deps.signaling.waiting.added(bytes);
  }

  refuse(remote: RemoteSession, { code, for: type }: Refusal): void {
    this.tell(remote, 'refused', { code, ...(type && { for: type }) });
  }

  away(remote: RemoteSession): void {
    this.tell(remote, 'away', {});
  }

  back(remote: RemoteSession): void {
    this.reconciler.back(remote);
  }

  ended(remote: RemoteSession, reason: DisconnectReason, message: string | undefined): void {
    this.tell(remote, 'ended', { reason, ...(message !== undefined && { message }) });
  }

  acked(remote: RemoteSession, senderSeq: number): void {
    this.tell(remote, 'acked', { sender_seq: senderSeq });
  }

  /** Sends a message about the pairing to the other side; to all nodes while nobody knows where it is. */
  tell<T extends PairingMessageType>(remote: RemoteSession, type: T, fields: PairingMessageFields<T>): void {
    const { node, pairing, side } = remote;
    const { links } = this.#deps;
    if (!pairing) return;
    const message = { type, epoch: pairing.epoch, from: pairing.other(side).id, to: remote.id, ...fields };
    for (const one of node === undefined ? links.open : [node]) links.send(one, message as NodeMessage);
  }

  tellSignal(remote: RemoteSession, { text, senderSeq }: UnackedFrame): void {
    this.tell(remote, 'signal', { text, ...(senderSeq !== undefined && { sender_seq: senderSeq }) });
  }

  /** Restores the pairing of a client that has just come, with or without what its last node knew of it. */
  restore(session: ServerSession, remote: RemoteSession, how: Restored): void {
    const { pairings } = this.#deps.signaling;
    const seat = new Seat(session);
    const [initiator, responder] = how.isInitiator ? [seat, remote] : [remote, seat];
    remote.localGeneration = session.generation;
    const pairing = pairings.restore(initiator, responder, how.epoch, how.details);
    for (const side of how.connected) pairings.reportConnected(pairing, side);
    this.remoteHost.dispatch(remote, { type: how.remoteIs });
    this.reconciler.seek(remote);
  }

  /**
   * A client comes to the node of its peer: its session takes the place of the remote one.
   * @param said what the client sent and its peer may not have received, as far as its last node knew
   */
  seat(session: ServerSession, remote: RemoteSession, said: readonly UnackedFrame[] = []): void {
    const { pairing, side, unacked } = remote;
    if (!pairing) return;
    this.remoteHost.dispatch(remote, { type: 'RECLAIMED', isAway: false });
    this.release(remote);
    const seat = new Seat(session);
    pairing.seat(side, seat);
    seat.restored(pairing);
    if (pairing.value !== 'paired') seat.advanced('NEGOTIATION_STARTED');
    if (pairing.value === 'connected') seat.advanced('CONNECTED');
    for (const { text, senderSeq } of said) this.#signalled(remote, text, senderSeq);
    seat.forwardedUpTo(remote.lastSenderSeq);
    for (const frame of unacked) this.#passOn(seat, pairing, frame);
  }

  /**
   * A client goes to another node, and its side of the pairing with it; if its peer is here, a remote session takes its
   * place.
   */
  moveAway(
    seat: Seat,
    { node, generation }: { readonly node: NodeId | undefined; readonly generation: number },
  ): void {
    const { pairing, side } = seat;
    const { client } = seat.session;
    if (!pairing) return;
    const peer = pairing.other(side);
    if (peer instanceof RemoteSession) {
      this.tell(peer, 'moving', { node: node ?? this.locations.here, generation });
      this.#deps.signaling.pairings.move(pairing, side);
      return;
    }
    const remote = this.create(seat.id, node, true, seat.isMissed);
    remote.lastSenderSeq = client.lastSenderSeq;
    remote.generation = generation;
    remote.keep(...client.unackedOf(pairing.epoch));
    seat.vacate();
    pairing.seat(side, remote);
    remote.localGeneration = peer.generation;
    this.remoteHost.dispatch(remote, { type: 'MOVING' });
  }

  onSignal(node: NodeId, message: NodeMessageOf<'signal'>): void {
    const remote = this.#remoteAt(node, message);
    // What was sent to a client that had left this node and has come back is sent again once both sides have found each
    // other; copies still on their way from before come too early.
    if (remote?.isReachable) this.#signalled(remote, message.text, message.sender_seq);
  }

  onAcked(node: NodeId, message: NodeMessageOf<'acked'>): void {
    const remote = this.#remoteAt(node, message);
    remote?.drop(({ senderSeq }) => senderSeq === message.sender_seq);
    remote?.peer?.acked(message.sender_seq);
  }

  onRefused(node: NodeId, message: NodeMessageOf<'refused'>): void {
    const { code, for: type } = message;
    this.#remoteAt(node, message)?.peer?.refuse({ code, ...(type && { for: type }) });
  }

  onAway(node: NodeId, message: NodeMessageOf<'away'>): void {
    const remote = this.#remoteAt(node, message);
    if (remote) this.remoteHost.dispatch(remote, { type: 'WENT_AWAY' });
  }

  onMoving(node: NodeId, message: NodeMessageOf<'moving'>): void {
    const remote = this.#remoteAt(node, message);
    if (remote) this.reconciler.moved(remote, message);
  }

  onEnded(node: NodeId, message: NodeMessageOf<'ended'>): void {
    const remote = this.#remoteAt(node, message);
    if (remote && (message.generation ?? remote.localGeneration) >= remote.localGeneration)
      this.#end(remote, message.reason, message.message);
  }

  onReclaim(node: NodeId, message: NodeMessageOf<'reclaim'>): void {
    this.reconciler.reclaimed(node, message, this.#remoteOf(message));
  }

  onReclaimed(node: NodeId, message: NodeMessageOf<'reclaimed'>): void {
    const remote = this.#remoteOf(message);
    if (remote) this.reconciler.confirmed(remote, node, message);
    // The sender asked for the pairing, but that request is over: without an answer its client would wait forever.
    else this.reconciler.reject(node, message, false);
  }

  /** For this server the other client is gone; its side must end, too. */
  lose(remote: RemoteSession, reason: DisconnectReason): void {
    this.tell(remote, 'ended', { reason: reason === 'overfull' ? reason : 'disconnected' });
    this.#end(remote, reason);
  }

  #end(remote: RemoteSession, reason: DisconnectReason, message?: string): void {
    const { pairing, side } = remote;
    if (pairing?.party(side) === remote) this.#deps.signaling.pairings.lose(pairing, side, reason, message);
  }

  /** The remote session that stands for the sender of a message about a pairing. */
  #remoteOf({ epoch, from, to }: NodeMessageOf<'away'> | NodeMessageOf<PairingMessageType>) {
    const pairing = this.#deps.signaling.directory.sessions.get(to)?.seatIn(epoch)?.pairing;
    return pairing && this.of(from).find((remote) => remote.pairing === pairing);
  }

  /**
   * The same, unless the message comes late from a node that the client has left. While its place is unknown, any node
   * may speak for it.
   */
  #remoteAt(node: NodeId, message: NodeMessageOf<PairingMessageType>): RemoteSession | undefined {
    const remote = this.#remoteOf(message);
    return remote?.node === undefined || remote.node === node ? remote : undefined;
  }

  /** Relays what the other client sent while this one was elsewhere; its machine has already let it pass. */
  #passOn(seat: Seat, pairing: ServerPairing, { text, senderSeq }: UnackedFrame): void {
    const signal = this.#deps.signalIn(Buffer.from(text));
    const from = pairing.other(seat.side).side;
    if (signal && signal.message.type !== 'report') seat.relayKept(signal, pairing, from, senderSeq);
  }

  #signalled(remote: RemoteSession, text: string, senderSeq: number | undefined): void {
    const { pairing, side } = remote;
    if (!pairing) return;
    const peer = pairing.other(side);
    if (senderSeq !== undefined && senderSeq <= remote.lastSenderSeq) {
      // Received before. If our client has acked it, the other side does not know that yet.
      if (!peer.isWaitingFor(pairing.epoch, senderSeq)) pairing.party(side).acked(senderSeq);
      return;
    }
    const signal = this.#deps.signalIn(Buffer.from(text));
    if (!signal) return;
    if (senderSeq !== undefined) remote.lastSenderSeq = senderSeq;
    this.#deps.signaling.pairings.signal(pairing, side, signal, senderSeq);
    // Refused or dropped: nobody will ever ack it, so it is acked now.
    if (senderSeq !== undefined && !peer.isWaitingFor(pairing.epoch, senderSeq))
      pairing.party(side).acked(senderSeq);
  }
}
