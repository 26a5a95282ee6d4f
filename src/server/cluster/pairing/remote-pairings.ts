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
} from '../../../machines/index.ts';
import type { NodeMessage, NodeMessageOf, NodeMessageType } from '../../../protocol/cluster/index.ts';
import { type ClientMessageType, type DisconnectReason, isErrorCode } from '../../../protocol/index.ts';
import { decode, withFromPeer } from '../../dialects/native/decode-client-message.ts';
import type { Outbox } from '../../dialects/native/outbox.ts';
import type { PairingHost, Router, SessionHost } from '../../signaling/router.ts';
import { ServerPairing, type ServerSession } from '../../signaling/sessions.ts';
import type { NodeId } from '../bus/bus.ts';
import type { NodeLinks } from '../node-links.ts';
import { Reunion, type ReunionShell } from './reconcile-pairings.ts';
import { RemoteSession } from './remote-session.ts';
import { framesFor, isWaitingFor, type PassedFrame } from './unacked-frames.ts';

export interface HalvesShell extends ReunionShell {
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
  /** How they find each other again. */
  readonly reunion: Reunion;
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
    this.reunion = new Reunion(shell, this);
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
    remote.madeAt = session.generation;
    this.#shell.startPairing(pairing);
    for (const from of connected)
      this.#shell.pairingHost().send(pairing, {
        type: 'REPORT_RECEIVED',
        from,
        epoch: claim.epoch,
        isConnected: true,
      });
    this.remoteHost.send(remote, { type: why });
    this.reunion.seek(remote);
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
    remote.madeAt = remote.peer?.generation ?? 0;
    this.remoteHost.send(remote, { type: 'MOVING' });
    return remote;
  }

  /** @param message of a half, from that node */
  received(node: NodeId, message: NodeMessageOf<HalfMessageType>): void {
    if (message.type === 'reclaim') {
      this.reunion.reclaimed(node, message, this.#remoteOf(message));
      return;
    }
    const remote = this.#remoteOf(message);
    // It was asked for, and what asked is over: the other one would wait for ever.
    if (!remote && message.type === 'reclaimed') this.reunion.rejected(node, message, false);
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
        this.reunion.moved(remote, message);
        return;
      case 'ended':
        if ((message.generation ?? remote.madeAt) >= remote.madeAt)
          this.#ended(remote, message.reason as DisconnectReason);
        return;
      case 'reclaimed':
        this.reunion.confirmed(remote, node, message);
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
      this.#shell.pairingHost().send(remote.pairing, { type: 'PEER_LOST', from: remote.side, reason });
  }
}
