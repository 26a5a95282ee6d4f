/**
 * Pairings of which one client is on another node: each node has a half, with a machine that hears of everything that
 * either client does. Here is what the halves tell each other, and how they find each other again: when a node or a
 * client comes back elsewhere, the half that has it asks for the other (`reclaim`), and what may have been lost between
 * them is sent again. Both know by `origin` what they have.
 */
import {
  MachineHost,
  type RemoteSessionEffects,
  type RemoteSessionEvent,
  remoteSessionMachine,
  type Side,
  type StepQueue,
  type TimerWheel,
} from '../../machines/index.ts';
import type { NodeMessage, NodeMessageOf, NodeMessageType } from '../../protocol/cluster/index.ts';
import { type ClientMessageType, type DisconnectReason, isErrorCode } from '../../protocol/index.ts';
import { decode, withFromPeer } from '../decode.ts';
import type { Outbox } from '../outbox.ts';
import type { PairingHost, Router, SessionHost } from '../router.ts';
import { ServerPairing, type ServerSession } from '../sessions.ts';
import type { NodeId } from './bus.ts';
import type { NodeLinks } from './node-links.ts';
import type { Note } from './notes.ts';
import { type PassedFrame, RemoteSession } from './remote-session.ts';

/** What the halves need to know of the cluster. */
export interface OtherNodes {
  readonly links: NodeLinks;
  /** Where a session went that was here. */
  readonly noteOf: (sessionId: string) => Note | undefined;
  /** Whether a session is on its way here. */
  readonly isExpected: (sessionId: string) => boolean;
}

export interface HalvesShell {
  /** Undefined for a server that is alone. */
  readonly cluster: () => OtherNodes | undefined;
  readonly sessions: ReadonlyMap<string, ServerSession>;
  readonly outbox: Outbox;
  readonly router: () => Router;
  readonly sessionHost: () => SessionHost;
  readonly pairingHost: () => PairingHost;
  readonly queue: StepQueue;
  readonly timers: TimerWheel;
  readonly resumeGraceMs: number;
  readonly startPairing: (pairing: ServerPairing) => void;
  /** Whether clients of an earlier process of this node may still come back. */
  readonly mayRestore: () => boolean;
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

type Found = Pick<NodeMessageOf<'reclaimed'>, 'generation' | 'is_away'>;

type About<T extends NodeMessageType> = Omit<NodeMessageOf<T>, 'type' | 'epoch' | 'from' | 'to'>;
type HalfMessageType =
  | 'signal'
  | 'settled'
  | 'refused'
  | 'away'
  | 'ended'
  | 'reclaim'
  | 'reclaimed'
  | 'moving';

export class Halves {
  readonly remoteHost: MachineHost<RemoteSession, RemoteSessionEvent, RemoteSessionEffects>;
  readonly #remotes = new Map<string, RemoteSession[]>();
  readonly #shell: HalvesShell;

  constructor(shell: HalvesShell) {
    this.#shell = shell;
    const { queue, timers, onError } = shell;
    const tellPeer = (remote: RemoteSession, isAway: boolean) => {
      const type = isAway ? 'peer_away' : 'peer_back';
      if (remote.peer && remote.isToldAway !== isAway)
        shell.outbox.send(remote.peer, { type, peer_id: remote.id });
      remote.isToldAway = isAway;
    };
    this.remoteHost = new MachineHost<RemoteSession, RemoteSessionEvent, RemoteSessionEffects>(
      remoteSessionMachine,
      {
        queue,
        timers,
        onError,
        executors: {
          announceAway: (remote) => tellPeer(remote, true),
          announceBack: (remote) => tellPeer(remote, false),
          losePeer: (remote) => this.lose(remote, remote.isResumable ? 'timed_out' : 'disconnected'),
        },
      },
    );
  }

  get #links(): NodeLinks | undefined {
    return this.#shell.cluster()?.links;
  }

  /** Those that stand for the client of that id. */
  of(id: string): readonly RemoteSession[] {
    return this.#remotes.get(id) ?? [];
  }

  /** @param node where it is; undefined when nobody knows */
  create(id: string, node: NodeId | undefined, isResumable: boolean): RemoteSession {
    const remote = new RemoteSession(id, node, isResumable);
    this.#remotes.set(id, [...this.of(id), remote]);
    this.remoteHost.start(remote, { id, isResumable, resumeGraceMs: this.#shell.resumeGraceMs });
    return remote;
  }

  /** The pairing is over, or has its client here. */
  release(remote: RemoteSession): void {
    const others = this.of(remote.id).filter((other) => other !== remote);
    if (others.length > 0) this.#remotes.set(remote.id, others);
    else this.#remotes.delete(remote.id);
    this.remoteHost.send(remote, { type: 'RELEASED' });
  }

  /** A message of our client for the other one. */
  relay(remote: RemoteSession, text: string, origin?: number): void {
    const isNear = remote.isWithinReach;
    if (origin !== undefined || !isNear) remote.keep({ origin, text });
    if (isNear) this.tell(remote, 'signal', { text, ...(origin !== undefined && { origin }) });
    if (remote.isOverfull) this.lose(remote, 'overfull');
  }

  /** Says something of the pairing to the other half; to all nodes, while nobody knows where it is. */
  tell<T extends HalfMessageType>(remote: RemoteSession, type: T, about: About<T>): void {
    const { node, pairing, peer } = remote;
    if (!pairing || !peer) return;
    const message = { type, epoch: pairing.epoch, from: peer.id, to: remote.id, ...about };
    for (const one of node === undefined ? (this.#links?.open ?? []) : [node])
      this.#links?.send(one, message as unknown as NodeMessage);
  }

  /** A message of a party's was passed on, and is safe now or lost with whom it was for. */
  settle(pairing: ServerPairing, from: 'a' | 'b', origin: number): void {
    const party = pairing.party(from);
    if (party instanceof RemoteSession) this.tell(party, 'settled', { origin });
    else this.#shell.outbox.release(party, origin);
  }

  /** Our client is back. Meanwhile it may have been elsewhere, and the other half may think that it still is. */
  back(remote: RemoteSession): void {
    if (remote.node !== undefined) this.#reclaim(remote, remote.node, false);
  }

  /** A node is there: who had a pairing with it, or does not know where the other half is, asks. */
  opened(node: NodeId): void {
    for (const remote of this.#all()) {
      if (remote.node === undefined) this.#reclaim(remote, node, true);
      else if (remote.node === node) this.#reclaim(remote, node, false);
    }
  }

  lost(node: NodeId): void {
    for (const remote of this.#all())
      if (remote.node === node) this.remoteHost.send(remote, { type: 'CUT_OFF' });
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
    this.#shell.startPairing(pairing);
    for (const from of connected)
      this.#shell.pairingHost().send(pairing, {
        type: 'REPORT_RECEIVED',
        from,
        epoch: claim.epoch,
        isConnected: true,
      });
    this.remoteHost.send(remote, { type: why });
    const { node } = remote;
    if (node !== undefined && this.#links?.isOpen(node)) this.#reclaim(remote, node, false);
    else for (const other of this.#links?.open ?? []) this.#reclaim(remote, other, true);
  }

  /**
   * A client comes to where the other one is: it takes the place of the one elsewhere.
   * @param said what it said, and its last node did not know that the other has it
   */
  seat(session: ServerSession, remote: RemoteSession, said: readonly PassedFrame[] = []): void {
    const { pairing, side, peer, unsettled } = remote;
    if (!pairing || !peer) return;
    this.remoteHost.send(remote, { type: 'RECLAIMED', isAway: false });
    this.release(remote);
    pairing.seat(side, session);
    const host = this.#shell.sessionHost();
    host.send(session, { type: 'PAIRED', peerId: peer.id });
    if (pairing.value !== 'paired') host.send(session, { type: 'NEGOTIATION_STARTED' });
    if (pairing.value === 'connected') host.send(session, { type: 'CONNECTED' });
    for (const { text, origin } of said) this.#signalled(remote, text, origin);
    session.passedOn = remote.lastOrigin;
    for (const frame of unsettled) this.#pass(session, pairing, peer.side, frame);
  }

  /** A client goes to another node, where it was told of: from here on it is a remote one. */
  unseat(session: ServerSession, pairing: ServerPairing, node: NodeId | undefined): RemoteSession {
    const remote = this.create(session.id, node, true);
    remote.lastOrigin = session.delivery?.received ?? 0;
    remote.generation = session.generation;
    remote.isToldAway = session.isMissed;
    remote.keep(...framesFor(session, pairing));
    pairing.seat(session.side, remote);
    this.remoteHost.send(remote, { type: 'MOVING' });
    return remote;
  }

  /** @param message of a half, from that node */
  received(node: NodeId, message: NodeMessageOf<HalfMessageType>): void {
    if (message.type === 'reclaim') {
      this.#reclaimed(node, message);
      return;
    }
    const remote = this.#remoteOf(message);
    if (!remote) return;
    // Late, from a node that it has left. Where nobody knows where it is, whoever has it may say so.
    const isThere = remote.node === undefined || remote.node === node;
    if (!isThere && message.type !== 'reclaimed') return;
    switch (message.type) {
      case 'signal':
        // What was said to one that had left this node, and has come back to it, is said again once both have found
        // each other: what is still under way from before comes too early.
        if (remote.isWithinReach) this.#signalled(remote, message.text, message.origin);
        return;
      case 'settled':
        remote.drop(({ origin }) => origin === message.origin);
        if (remote.peer) this.#shell.outbox.release(remote.peer, message.origin);
        return;
      case 'refused':
        if (remote.peer && isErrorCode(message.code))
          this.#shell.outbox.refuse(remote.peer, {
            code: message.code,
            ...(message.for && { for: message.for as ClientMessageType }),
          });
        return;
      case 'away':
        this.remoteHost.send(remote, { type: 'WENT_AWAY' });
        return;
      case 'moving':
        this.#moved(remote, message);
        return;
      case 'ended':
        this.#ended(remote, message.reason as DisconnectReason);
        return;
      case 'reclaimed':
        if (message.generation >= remote.generation) this.#found(remote, node, message);
        return;
    }
  }

  /** What the other client said while this one was elsewhere, and the machine has let pass already. */
  #pass(
    session: ServerSession,
    pairing: ServerPairing,
    from: 'a' | 'b',
    { text, origin }: PassedFrame,
  ): void {
    const decoded = decode(Buffer.from(text));
    if ('refusal' in decoded || decoded.frame.message.type === 'report') return;
    this.#shell.outbox.relayFrame(session, withFromPeer(decoded.frame, true), {
      epoch: pairing.epoch,
      ...(origin !== undefined && { origin, settled: () => this.settle(pairing, from, origin) }),
    });
  }

  #remoteOf({ epoch, from, to }: { epoch: number; from: string; to: string }): RemoteSession | undefined {
    const session = this.#shell.sessions.get(to);
    const { pairing } = session ?? {};
    if (!session || pairing?.epoch !== epoch) return undefined;
    const other = pairing.other(session.side);
    return other.id === from && other instanceof RemoteSession ? other : undefined;
  }

  #signalled(remote: RemoteSession, text: string, origin: number | undefined): void {
    const { pairing, side, peer } = remote;
    if (!pairing || !peer) return;
    if (origin !== undefined && origin <= remote.lastOrigin) {
      // Had before. When our client has it, the other half does not know that yet.
      if (!isWaitingFor(peer, pairing, origin)) this.settle(pairing, side, origin);
      return;
    }
    const decoded = decode(Buffer.from(text));
    if ('refusal' in decoded || !SIGNALS.has(decoded.frame.message.type)) return;
    if (origin !== undefined) remote.lastOrigin = origin;
    this.#shell.router().signal(pairing, side, decoded.frame, origin);
    // Refused or dropped: it will never be safer than now.
    if (origin !== undefined && !isWaitingFor(peer, pairing, origin)) this.settle(pairing, side, origin);
  }

  #reclaim(remote: RemoteSession, node: NodeId, isForAll: boolean): void {
    const { peer, pairing } = remote;
    if (!peer || !pairing) return;
    this.#links?.send(node, {
      type: 'reclaim',
      epoch: pairing.epoch,
      from: peer.id,
      to: remote.id,
      generation: peer.generation,
      initiator: peer.side === 'a',
      is_resumable: peer.delivery !== undefined,
      is_away: peer.isMissed,
      is_for_all: isForAll,
    });
  }

  #reclaimed(node: NodeId, message: NodeMessageOf<'reclaim'>): void {
    const { epoch, from, to, generation } = message;
    const session = this.#shell.sessions.get(to);
    const remote = this.#remoteOf(message);
    const isFitting = remote && (remote.side === 'a') === message.initiator;
    if (session && isFitting && generation >= remote.generation) {
      const [is_resumable, is_away] = [session.delivery !== undefined, session.isMissed];
      remote.node = node;
      this.tell(remote, 'reclaimed', { generation: session.generation, is_resumable, is_away });
      this.#found(remote, node, message);
      return;
    }
    const note = session ? undefined : this.#shell.cluster()?.noteOf(to);
    if (note && note.node !== node)
      this.#links?.send(node, {
        type: 'moving',
        ...{ epoch, from: to, to: from, node: note.node, generation: note.generation },
      });
    else if (session || !(message.is_for_all || this.#mayCome(to)))
      this.#links?.send(node, { type: 'ended', epoch, from: to, to: from, reason: 'disconnected' });
  }

  /** Whether a session may be here soon that is not: on its way from another node, or its client from before a restart. */
  #mayCome(id: string): boolean {
    return this.#shell.mayRestore() || this.#shell.cluster()?.isExpected(id) === true;
  }

  /** The other client went to another node. That one says so itself, unless it asked for us where we are not. */
  #moved(remote: RemoteSession, { node, generation }: NodeMessageOf<'moving'>): void {
    if (generation < remote.generation) return;
    remote.node = node;
    remote.generation = generation;
    this.remoteHost.send(remote, { type: 'MOVING' });
    if (this.#links?.isOpen(node)) this.#reclaim(remote, node, false);
  }

  /** The other half is there: what may have been lost on the way to it goes first, and what comes next after that. */
  #found(remote: RemoteSession, node: NodeId, { generation, is_away }: Found): void {
    remote.node = node;
    remote.generation = generation;
    this.remoteHost.send(remote, { type: 'RECLAIMED', isAway: is_away });
    for (const { text, origin } of remote.unsettled)
      this.tell(remote, 'signal', { text, ...(origin !== undefined && { origin }) });
    remote.drop(({ origin }) => origin === undefined);
  }

  #all(): RemoteSession[] {
    return [...this.#remotes.values()].flat();
  }

  /** For this server the other client is gone, and its half is to end, too. */
  lose(remote: RemoteSession, reason: DisconnectReason): void {
    this.tell(remote, 'ended', { reason: 'disconnected' });
    this.#ended(remote, reason);
  }

  #ended(remote: RemoteSession, reason: DisconnectReason): void {
    if (remote.pairing && remote.pairing.party(remote.side) === remote)
      this.#shell.pairingHost().send(remote.pairing, { type: 'PEER_LOST', from: remote.side, reason });
  }
}

/** What a client has not confirmed of what its peer said. */
export function framesFor(session: ServerSession, pairing: ServerPairing): readonly PassedFrame[] {
  return (session.delivery?.waiting ?? [])
    .filter(({ origin, epoch }) => origin !== undefined && epoch === pairing.epoch)
    .map(({ origin, message }) => ({ origin, text: message.toString() }));
}

/** Whether a client has a message of its peer yet to confirm. */
export function isWaitingFor({ delivery }: ServerSession, { epoch }: ServerPairing, origin: number): boolean {
  return delivery?.waiting.some((kept) => kept.origin === origin && kept.epoch === epoch) ?? false;
}
