/**
 * Pairings of which one client is on another node: each node has a side, with a machine that hears of everything that
 * either client does. Here is what the sides tell each other; how they find each other again is in
 * reconcile-pairings.ts. Both know by `senderSeq` what they have.
 *
 * | message   | says                                                          |
 * | --------- | ------------------------------------------------------------- |
 * | signal    | an offer, answer, candidate or report of the sender's client  |
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
import type { PairingDetails, Party, ServerPairing } from '../../signaling/pairing.ts';
import { Seat } from '../../signaling/seat.ts';
import type { ServerSession } from '../../signaling/session.ts';
import type { Signal } from '../../signaling/signal.ts';
import type { Signaling } from '../../signaling/signaling.ts';
import type { Links } from '../links.ts';
import type { SessionLocations } from '../migration/session-locations.ts';
import { PairingReconciler } from './reconcile-pairings.ts';
import { RemoteSession, type RemoteSessionOwner } from './remote-session.ts';
import { remoteSessionEffects } from './remote-session-effects.ts';

export interface RemotePairingsDeps {
  readonly links: Links;
  readonly locations: SessionLocations;
  readonly signaling: Signaling;
  /** A signal from its text, checked like a client's; undefined for what is none. */
  readonly decodeSignal: (text: string) => Signal | undefined;
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

/** What a message says beside which pairing it is about. */
type PairingMessageFields<T extends PairingMessageType> = Omit<
  NodeMessageOf<T>,
  'type' | 'epoch' | 'from' | 'to'
>;

/** How a pairing that is made again begins. */
export interface Restored {
  readonly epoch: number;
  readonly isInitiator: boolean;
  /** Whether the other client is known to be on the way, or not known to be anywhere. */
  readonly remoteIs: 'MOVING' | 'CUT_OFF';
  /** Who reported at another node that they are connected. */
  readonly connected: readonly Side[];
  readonly details: PairingDetails;
}

export class RemotePairings implements RemoteSessionOwner {
  readonly remoteHost: MachineHost<typeof remoteSessionMachine, RemoteSession>;
  /** How they find each other again. */
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

  /** Those that stand for the client of that id. */
  of(id: string): readonly RemoteSession[] {
    return this.#remotes.get(id) ?? [];
  }

  /** Every client of another node that is paired with one of ours. */
  all(): RemoteSession[] {
    return [...this.#remotes.values()].flat();
  }

  /** What is known here of a party: where it is, what came of it, and what it may not have. @param here this node */
  knownOf(party: Party, here: NodeId): Pick<RemoteSession, 'node' | 'lastSenderSeq' | 'unacked'> {
    const remote = this.of(party.id).find((one) => one === party);
    if (remote) return remote;
    const client = this.#deps.signaling.directory.sessions.get(party.id)?.client;
    const unacked = [...(client?.unackedOf(party.pairing?.epoch ?? 0) ?? [])];
    return { node: here, lastSenderSeq: client?.lastSenderSeq ?? 0, unacked };
  }

  /**
   * @param node where it is; undefined when nobody knows
   * @param isMissed whether its peer knows that it is away
   */
  create(id: string, node: NodeId | undefined, isResumable: boolean, isMissed = false): RemoteSession {
    const remote = new RemoteSession(id, node, isResumable, this);
    this.#remotes.set(id, [...this.of(id), remote]);
    const { resumeGraceMs } = this.#deps.signaling.sessions.settings;
    this.remoteHost.start(remote, { id, isResumable, isMissed, resumeGraceMs });
    return remote;
  }

  /** The pairing is over, or has its client here. */
  release(remote: RemoteSession): void {
    const others = this.of(remote.id).filter((other) => other !== remote);
    if (others.length > 0) this.#remotes.set(remote.id, others);
    else this.#remotes.delete(remote.id);
    this.remoteHost.dispatch(remote, { type: 'RELEASED' });
  }

  relay(remote: RemoteSession, text: string, senderSeq: number | undefined): void {
    const isNear = remote.isReachable;
    if (senderSeq !== undefined || !isNear) remote.keep({ senderSeq, text });
    if (isNear) this.tellSignal(remote, { text, senderSeq });
    if (remote.isOverfull) this.overfull(remote);
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

  /** Says something of the pairing to the other side; to all nodes, while nobody knows where it is. */
  tell<T extends PairingMessageType>(remote: RemoteSession, type: T, fields: PairingMessageFields<T>): void {
    const { node, pairing, peer } = remote;
    const { links } = this.#deps;
    if (!pairing || !peer) return;
    const message = { type, epoch: pairing.epoch, from: peer.id, to: remote.id, ...fields };
    for (const one of node === undefined ? links.open : [node]) links.send(one, message as NodeMessage);
  }

  tellSignal(remote: RemoteSession, { text, senderSeq }: UnackedFrame): void {
    this.tell(remote, 'signal', { text, ...(senderSeq !== undefined && { sender_seq: senderSeq }) });
  }

  /** Makes the side of a client that has just come, with or without what its last node had of it. */
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
   * A client comes to where the other one is: it takes the place of the one elsewhere.
   * @param said what it said, and its last node did not know that the other has it
   */
  seat(session: ServerSession, remote: RemoteSession, said: readonly UnackedFrame[] = []): void {
    const { pairing, side, peer, unacked } = remote;
    if (!pairing || !peer) return;
    this.remoteHost.dispatch(remote, { type: 'RECLAIMED', isAway: false });
    this.release(remote);
    const seat = new Seat(session);
    pairing.seat(side, seat);
    seat.restored(pairing);
    if (pairing.value !== 'paired') seat.advanced('NEGOTIATION_STARTED');
    if (pairing.value === 'connected') seat.advanced('CONNECTED');
    for (const { text, senderSeq } of said) this.#signalled(remote, text, senderSeq);
    seat.forwardedUpTo(remote.lastSenderSeq);
    for (const frame of unacked) this.#passOn(seat, pairing, peer.side, frame);
  }

  /** A client goes to another node, and its side of the pairing with it; where its peer is here, a remote one stays. */
  moveAway(
    seat: Seat,
    { node, generation }: { readonly node: NodeId | undefined; readonly generation: number },
  ): void {
    const { pairing, side, peer } = seat;
    const { client } = seat.session;
    if (!pairing || !peer) return;
    const remotePeer = this.of(peer.id).find((one) => one === peer);
    if (remotePeer) {
      this.tell(remotePeer, 'moving', { node: node ?? this.locations.here, generation });
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
    // What was said to one that had left this node, and has come back to it, is said again once both have found each
    // other: what is still under way from before comes too early.
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
    // It was asked for, and what asked is over: the other one would wait forever.
    else this.reconciler.reject(node, message, false);
  }

  /** For this server the other client is gone, and its side is to end, too. */
  lose(remote: RemoteSession, reason: DisconnectReason): void {
    this.tell(remote, 'ended', { reason: reason === 'overfull' ? reason : 'disconnected' });
    this.#end(remote, reason);
  }

  #end(remote: RemoteSession, reason: DisconnectReason, message?: string): void {
    const { pairing, side } = remote;
    if (pairing?.party(side) === remote) this.#deps.signaling.pairings.lose(pairing, side, reason, message);
  }

  /** Who stands here for the sender of a message about a pairing. */
  #remoteOf({ epoch, from, to }: NodeMessageOf<'away'> | NodeMessageOf<PairingMessageType>) {
    const pairing = this.#deps.signaling.directory.sessions.get(to)?.seatIn(epoch)?.pairing;
    return pairing && this.of(from).find((remote) => remote.pairing === pairing);
  }

  /** The same, unless it is late, from a node that it has left. Where nobody knows where it is, whoever has it may speak. */
  #remoteAt(node: NodeId, message: NodeMessageOf<PairingMessageType>): RemoteSession | undefined {
    const remote = this.#remoteOf(message);
    return remote?.node === undefined || remote.node === node ? remote : undefined;
  }

  /** What the other client said while this one was elsewhere, and the machine has let pass already. */
  #passOn(seat: Seat, pairing: ServerPairing, from: Side, { text, senderSeq }: UnackedFrame): void {
    const signal = this.#deps.decodeSignal(text);
    if (signal && signal.message.type !== 'report') seat.relayKept(signal, pairing, from, senderSeq);
  }

  #signalled(remote: RemoteSession, text: string, senderSeq: number | undefined): void {
    const { pairing, side, peer } = remote;
    if (!pairing || !peer) return;
    if (senderSeq !== undefined && senderSeq <= remote.lastSenderSeq) {
      // Had before. When our client has it, the other side does not know that yet.
      if (!peer.isWaitingFor(pairing.epoch, senderSeq)) pairing.party(side).acked(senderSeq);
      return;
    }
    const signal = this.#deps.decodeSignal(text);
    if (!signal) return;
    if (senderSeq !== undefined) remote.lastSenderSeq = senderSeq;
    this.#deps.signaling.pairings.signal(pairing, side, signal, senderSeq);
    // Refused or dropped: it will never be safer than now.
    if (senderSeq !== undefined && !peer.isWaitingFor(pairing.epoch, senderSeq))
      pairing.party(side).acked(senderSeq);
  }
}
