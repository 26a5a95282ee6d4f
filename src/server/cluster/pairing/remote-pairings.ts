/**
 * Pairings of which one client is on another node: each node has a half, with a machine that hears of everything that
 * either client does. Here is what the halves tell each other, and how they find each other again: when a node or a
 * client comes back elsewhere, the half that has it asks for the other (`reclaim`), and what may have been lost between
 * them is sent again. Both know by `senderSeq` what they have.
 */
import {
  MachineHost,
  remoteSessionMachine,
  type Side,
  type StepQueue,
  type TimerWheel,
} from '../../../machines/index.ts';
import type { NodeMessage, NodeMessageOf, NodeMessageType } from '../../../protocol/cluster/index.ts';
import { type ClientMessageType, type DisconnectReason, isErrorCode } from '../../../protocol/index.ts';
import { decode, withFromPeer } from '../../dialects/native/decode-client-message.ts';
import type { Outbox } from '../../dialects/native/outbox.ts';
import type { PairingHost, Router, SessionHost } from '../../signaling/router.ts';
import { ServerPairing, type ServerSession } from '../../signaling/sessions.ts';
import type { NodeId } from '../bus/bus.ts';
import type { NodeLinks } from '../node-links.ts';
import { PairingReconciler, type PairingReconcilerDeps } from './reconcile-pairings.ts';
import { RemoteSession } from './remote-session.ts';
import { framesFor, isWaitingFor, type UnackedFrame } from './unacked-frames.ts';

export interface RemotePairingsDeps extends PairingReconcilerDeps {
  readonly outbox: Outbox;
  readonly router: () => Router;
  readonly sessionHost: () => SessionHost;
  readonly pairingHost: () => PairingHost;
  readonly queue: StepQueue;
  readonly timers: TimerWheel;
  readonly resumeGraceMs: number;
  readonly startPairing: (pairing: ServerPairing) => void;
  readonly onError: (remote: RemoteSession, error: unknown, effect: string) => void;
}

/** What a client says of its pairing, or the node that had it. */
export interface Claim {
  readonly peer_id: string;
  readonly epoch: number;
  readonly initiator: boolean;
}

/** The types that a half tells of as the client's own words. */
const SIGNALS: ReadonlySet<ClientMessageType> = new Set(['offer', 'answer', 'candidate', 'report']);

type PairingMessageFields<T extends NodeMessageType> = Omit<
  NodeMessageOf<T>,
  'type' | 'epoch' | 'from' | 'to'
>;
type PairingMessageType =
  | 'signal'
  | 'acked'
  | 'refused'
  | 'away'
  | 'ended'
  | 'reclaim'
  | 'reclaimed'
  | 'moving';

export class RemotePairings {
  readonly remoteHost: MachineHost<typeof remoteSessionMachine, RemoteSession>;
  /** How they find each other again. */
  readonly reconciler: PairingReconciler;
  readonly #remotes = new Map<string, RemoteSession[]>();
  readonly #deps: RemotePairingsDeps;

  constructor(deps: RemotePairingsDeps) {
    this.#deps = deps;
    const { queue, onError } = deps;
    const tellPeer = (remote: RemoteSession, isAway: boolean) => {
      const type = isAway ? 'peer_away' : 'peer_back';
      if (remote.localSession && remote.isToldAway !== isAway)
        deps.outbox.send(remote.localSession, { type, peer_id: remote.id });
      remote.isToldAway = isAway;
    };
    this.remoteHost = new MachineHost(remoteSessionMachine, {
      queue,
      onError,
      executors: {
        announceAway: (remote) => tellPeer(remote, true),
        announceBack: (remote) => tellPeer(remote, false),
        losePeer: (remote) => this.lose(remote, remote.isResumable ? 'timed_out' : 'disconnected'),
      },
    });
    this.reconciler = new PairingReconciler(deps, this);
  }

  get #links(): NodeLinks | undefined {
    return this.#deps.cluster()?.links;
  }

  /** Those that stand for the client of that id. */
  of(id: string): readonly RemoteSession[] {
    return this.#remotes.get(id) ?? [];
  }

  /** @param node where it is; undefined when nobody knows */
  create(id: string, node: NodeId | undefined, isResumable: boolean): RemoteSession {
    const remote = new RemoteSession(id, node, isResumable);
    this.#remotes.set(id, [...this.of(id), remote]);
    this.remoteHost.start(remote, { id, isResumable, resumeGraceMs: this.#deps.resumeGraceMs });
    return remote;
  }

  /** The pairing is over, or has its client here. */
  release(remote: RemoteSession): void {
    const others = this.of(remote.id).filter((other) => other !== remote);
    if (others.length > 0) this.#remotes.set(remote.id, others);
    else this.#remotes.delete(remote.id);
    this.remoteHost.dispatch(remote, { type: 'RELEASED' });
  }

  /** A message of our client for the other one. */
  relay(remote: RemoteSession, text: string, senderSeq?: number): void {
    const isNear = remote.isReachable;
    if (senderSeq !== undefined || !isNear) remote.keep({ senderSeq, text });
    if (isNear)
      this.tell(remote, 'signal', { text, ...(senderSeq !== undefined && { sender_seq: senderSeq }) });
    if (remote.isOverfull) this.lose(remote, 'overfull');
  }

  /** Says something of the pairing to the other half; to all nodes, while nobody knows where it is. */
  tell<T extends PairingMessageType>(remote: RemoteSession, type: T, about: PairingMessageFields<T>): void {
    const { node, pairing, localSession: peer } = remote;
    if (!pairing || !peer) return;
    const message = { type, epoch: pairing.epoch, from: peer.id, to: remote.id, ...about };
    for (const one of node === undefined ? (this.#links?.open ?? []) : [node])
      this.#links?.send(one, message as unknown as NodeMessage);
  }

  /** A message of a party's was passed on, and is safe now or lost with whom it was for. */
  ack(pairing: ServerPairing, from: 'initiator' | 'responder', senderSeq: number): void {
    const party = pairing.party(from);
    if (party instanceof RemoteSession) this.tell(party, 'acked', { sender_seq: senderSeq });
    else this.#deps.outbox.release(party, senderSeq);
  }

  /**
   * Makes the half of a client that has just come, with or without what its last node had of it.
   * @param connected who reported there that they are
   */
  restore(
    session: ServerSession,
    claim: Claim,
    remote: RemoteSession,
    why: 'MOVING' | 'CUT_OFF' = 'CUT_OFF',
    connected: readonly Side[] = [],
  ): void {
    const [a, b] = claim.initiator ? [session, remote] : [remote, session];
    const pairing = new ServerPairing(a, b, claim.epoch, true);
    remote.localGeneration = session.generation;
    this.#deps.startPairing(pairing);
    for (const from of connected)
      this.#deps.pairingHost().dispatch(pairing, {
        type: 'REPORT_RECEIVED',
        from,
        epoch: claim.epoch,
        isConnected: true,
      });
    this.remoteHost.dispatch(remote, { type: why });
    this.reconciler.seek(remote);
  }

  /**
   * A client comes to where the other one is: it takes the place of the one elsewhere.
   * @param said what it said, and its last node did not know that the other has it
   */
  seat(session: ServerSession, remote: RemoteSession, said: readonly UnackedFrame[] = []): void {
    const { pairing, side, localSession: peer, unacked } = remote;
    if (!pairing || !peer) return;
    this.remoteHost.dispatch(remote, { type: 'RECLAIMED', isAway: false });
    this.release(remote);
    pairing.seat(side, session);
    const host = this.#deps.sessionHost();
    host.dispatch(session, { type: 'PAIRED', peerId: peer.id });
    if (pairing.value !== 'paired') host.dispatch(session, { type: 'NEGOTIATION_STARTED' });
    if (pairing.value === 'connected') host.dispatch(session, { type: 'CONNECTED' });
    for (const { text, senderSeq } of said) this.#signalled(remote, text, senderSeq);
    session.lastForwardedSeq = remote.lastSenderSeq;
    for (const frame of unacked) this.#pass(session, pairing, peer.side, frame);
  }

  /** A client goes to another node, where it was told of: from here on it is a remote one. */
  unseat(session: ServerSession, pairing: ServerPairing, node: NodeId | undefined): RemoteSession {
    const remote = this.create(session.id, node, true);
    remote.lastSenderSeq = session.delivery?.received ?? 0;
    remote.generation = session.generation;
    remote.isToldAway = session.isMissed;
    remote.keep(...framesFor(session, pairing));
    pairing.seat(session.side, remote);
    remote.localGeneration = remote.localSession?.generation ?? 0;
    this.remoteHost.dispatch(remote, { type: 'MOVING' });
    return remote;
  }

  /** @param message of a half, from that node */
  received(node: NodeId, message: NodeMessageOf<PairingMessageType>): void {
    if (message.type === 'reclaim') {
      this.reconciler.reclaimed(node, message, this.#remoteOf(message));
      return;
    }
    const remote = this.#remoteOf(message);
    // It was asked for, and what asked is over: the other one would wait for ever.
    if (!remote && message.type === 'reclaimed') this.reconciler.rejected(node, message, false);
    if (!remote) return;
    // Late, from a node that it has left. Where nobody knows where it is, whoever has it may say so.
    const isThere = remote.node === undefined || remote.node === node;
    if (!isThere && message.type !== 'reclaimed') return;
    switch (message.type) {
      case 'signal':
        // What was said to one that had left this node, and has come back to it, is said again once both have found
        // each other: what is still under way from before comes too early.
        if (remote.isReachable) this.#signalled(remote, message.text, message.sender_seq);
        return;
      case 'acked':
        remote.drop(({ senderSeq }) => senderSeq === message.sender_seq);
        if (remote.localSession) this.#deps.outbox.release(remote.localSession, message.sender_seq);
        return;
      case 'refused':
        if (remote.localSession && isErrorCode(message.code))
          this.#deps.outbox.refuse(remote.localSession, {
            code: message.code,
            ...(message.for && { for: message.for as ClientMessageType }),
          });
        return;
      case 'away':
        this.remoteHost.dispatch(remote, { type: 'WENT_AWAY' });
        return;
      case 'moving':
        this.reconciler.moved(remote, message);
        return;
      case 'ended':
        if ((message.generation ?? remote.localGeneration) >= remote.localGeneration)
          this.#ended(remote, message.reason as DisconnectReason);
        return;
      case 'reclaimed':
        this.reconciler.confirmed(remote, node, message);
        return;
    }
  }

  /** What the other client said while this one was elsewhere, and the machine has let pass already. */
  #pass(
    session: ServerSession,
    pairing: ServerPairing,
    from: 'initiator' | 'responder',
    { text, senderSeq }: UnackedFrame,
  ): void {
    const decoded = decode(Buffer.from(text));
    if ('refusal' in decoded || decoded.frame.message.type === 'report') return;
    this.#deps.outbox.relayFrame(session, withFromPeer(decoded.frame, true), {
      epoch: pairing.epoch,
      ...(senderSeq !== undefined && { senderSeq, onAcked: () => this.ack(pairing, from, senderSeq) }),
    });
  }

  #remoteOf({ epoch, from, to }: { epoch: number; from: string; to: string }): RemoteSession | undefined {
    const session = this.#deps.sessions.get(to);
    const { pairing } = session ?? {};
    if (!session || pairing?.epoch !== epoch) return undefined;
    const other = pairing.other(session.side);
    return other.id === from && other instanceof RemoteSession ? other : undefined;
  }

  #signalled(remote: RemoteSession, text: string, senderSeq: number | undefined): void {
    const { pairing, side, localSession: peer } = remote;
    if (!pairing || !peer) return;
    if (senderSeq !== undefined && senderSeq <= remote.lastSenderSeq) {
      // Had before. When our client has it, the other half does not know that yet.
      if (!isWaitingFor(peer, pairing, senderSeq)) this.ack(pairing, side, senderSeq);
      return;
    }
    const decoded = decode(Buffer.from(text));
    if ('refusal' in decoded || !SIGNALS.has(decoded.frame.message.type)) return;
    if (senderSeq !== undefined) remote.lastSenderSeq = senderSeq;
    this.#deps.router().signal(pairing, side, decoded.frame, senderSeq);
    // Refused or dropped: it will never be safer than now.
    if (senderSeq !== undefined && !isWaitingFor(peer, pairing, senderSeq))
      this.ack(pairing, side, senderSeq);
  }

  /** Every client of another node that is paired with one of ours. */
  all(): RemoteSession[] {
    return [...this.#remotes.values()].flat();
  }

  /** For this server the other client is gone, and its half is to end, too. */
  lose(remote: RemoteSession, reason: DisconnectReason): void {
    this.tell(remote, 'ended', { reason: 'disconnected' });
    this.#ended(remote, reason);
  }

  #ended(remote: RemoteSession, reason: DisconnectReason): void {
    if (remote.pairing && remote.pairing.party(remote.side) === remote)
      this.#deps.pairingHost().dispatch(remote.pairing, { type: 'PEER_LOST', from: remote.side, reason });
  }
}
