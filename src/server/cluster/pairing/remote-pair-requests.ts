/**
 * Pair requests for clients of other nodes. The one who asks is kept for the pairing (its machine is `asking`) until
 * there is an answer; the other node makes its half at once when its client is free, and says so. What becomes of an
 * answer that nobody waits for any more: the half that it tells of is ended. So whatever is lost or late, no half stays
 * alone.
 */
import type { SessionEvent } from '../../../machines/index.ts';
import type { NodeMessageOf } from '../../../protocol/cluster/index.ts';
import { type ErrorCode, isErrorCode } from '../../../protocol/index.ts';
import type { Directory, SessionHost } from '../../signaling/router.ts';
import { ServerPairing, type ServerSession } from '../../signaling/sessions.ts';
import type { NodeId } from '../bus/bus.ts';
import type { NodeLinks } from '../node-links.ts';
import type { RemotePairings } from './remote-pairings.ts';

/** What a client asked other nodes for. */
export interface PendingPairRequest {
  readonly epoch: number;
  readonly targetId: string | undefined;
  readonly key: string | undefined;
  /** Those that have not answered. */
  readonly awaiting: Set<NodeId>;
  /** Those that were asked: a client that moves to and fro is not run after for ever. */
  readonly asked: Set<NodeId>;
}

export interface RemotePairRequestsDeps {
  readonly links: NodeLinks;
  readonly remotePairings: RemotePairings;
  readonly directory: Directory;
  readonly sessionHost: () => SessionHost;
  readonly nextEpoch: () => number;
  readonly startPairing: (pairing: ServerPairing) => void;
  /** The node that a session is at, as far as its id or this node's own notes tell. */
  readonly nodeOf: (sessionId: string) => NodeId | undefined;
  readonly now: () => number;
}

export class RemotePairRequests {
  readonly #deps: RemotePairRequestsDeps;
  readonly #pending = new Set<ServerSession>();

  constructor(deps: RemotePairRequestsDeps) {
    this.#deps = deps;
  }

  /** The machine's effect: asks the node that has the client, or all of them who made the key. */
  ask(session: ServerSession, { targetId, key }: Extract<SessionEvent, { type: 'PAIR_REQUESTED' }>): void {
    const { links, nextEpoch, nodeOf } = this.#deps;
    const node = key === undefined ? nodeOf(targetId ?? '') : undefined;
    const nodes = node === undefined ? links.open : [node];
    session.pendingPairRequest = {
      epoch: nextEpoch(),
      targetId: key === undefined ? targetId : undefined,
      key,
      awaiting: new Set(nodes),
      asked: new Set(),
    };
    this.#pending.add(session);
    for (const one of nodes) this.#send(session, session.pendingPairRequest, one);
    if (nodes.length === 0) this.#deny(session, 'unavailable');
  }

  /** The machine's effect: there is an answer, or none is waited for any more. */
  forget(session: ServerSession): void {
    this.#pending.delete(session);
    session.pendingPairRequest = undefined;
  }

  /** That node does not answer, or not soon. */
  failed(node: NodeId, code: ErrorCode): void {
    for (const session of [...this.#pending]) this.#answered(session, node, code);
  }

  /** Another node asks for a client of this one. */
  asked(node: NodeId, message: NodeMessageOf<'ask'>): void {
    const { epoch, from } = message;
    const { target, code } = this.#targetOf(message);
    const answer = target ? refusalFor(target, from) : code;
    if (target && !answer) {
      const { remotePairings, links, startPairing, directory } = this.#deps;
      if (message.key !== undefined) directory.keys.use(message.key);
      const remote = remotePairings.create(from, node, message.is_resumable);
      links.send(node, {
        type: 'granted',
        epoch,
        from: target.id,
        to: from,
        is_resumable: target.delivery !== undefined,
      });
      startPairing(new ServerPairing(remote, target, epoch));
      return;
    }
    this.#deps.links.send(node, {
      type: 'denied',
      epoch,
      to: from,
      code: answer ?? 'target_not_found',
      ...this.#whereIs(message),
    });
  }

  granted(node: NodeId, { epoch, from, to, is_resumable }: NodeMessageOf<'granted'>): void {
    const session = this.#deps.directory.sessions.get(to);
    if (session?.pendingPairRequest?.epoch === epoch && session.value) {
      const event = { type: 'GRANTED', targetId: from, node, isResumable: is_resumable, epoch } as const;
      this.#deps.sessionHost().dispatch(session, event);
      return;
    }
    this.#deps.links.send(node, { type: 'ended', epoch, from: to, to: from, reason: 'disconnected' });
  }

  denied(node: NodeId, { epoch, to, code, node: next }: NodeMessageOf<'denied'>): void {
    const session = this.#deps.directory.sessions.get(to);
    if (!session || session.pendingPairRequest?.epoch !== epoch) return;
    if (next !== undefined && !session.pendingPairRequest.asked.has(next)) {
      session.pendingPairRequest.awaiting.add(next);
      this.#send(session, session.pendingPairRequest, next);
    }
    this.#answered(session, node, isErrorCode(code) ? code : 'target_not_found');
  }

  #send(session: ServerSession, { epoch, targetId, key, asked }: PendingPairRequest, node: NodeId): void {
    asked.add(node);
    this.#deps.links.send(node, {
      type: 'ask',
      epoch,
      from: session.id,
      is_resumable: session.delivery !== undefined,
      ...(key === undefined ? { target_id: targetId ?? '' } : { key }),
    });
  }

  /** One node said no. Of those that are asked for a key only one can have it, and what it says counts. */
  #answered(session: ServerSession, node: NodeId, code: ErrorCode): void {
    const { pendingPairRequest: ask } = session;
    if (!ask?.awaiting.delete(node)) return;
    const isKeyUnknown = ask.key !== undefined && (code === 'key_not_found' || code === 'target_not_found');
    if (ask.awaiting.size > 0 && (isKeyUnknown || ask.key === undefined)) return;
    if (isKeyUnknown) this.#deps.directory.guesses.count(session.address, this.#deps.now());
    this.#deny(session, isKeyUnknown ? 'key_not_found' : code);
  }

  #deny(session: ServerSession, code: ErrorCode): void {
    this.#deps.sessionHost().dispatch(session, { type: 'DENIED', code });
  }

  #targetOf({ target_id, key }: NodeMessageOf<'ask'>): {
    target: ServerSession | undefined;
    code: ErrorCode;
  } {
    const { sessions, keys } = this.#deps.directory;
    return key === undefined
      ? { target: sessions.get(target_id ?? ''), code: 'target_not_found' }
      : { target: keys.find(key, this.#deps.now()), code: 'key_not_found' };
  }

  /** Where the client is that was asked for here, when it has moved. */
  #whereIs({ target_id }: NodeMessageOf<'ask'>): { node?: NodeId } {
    const { directory, nodeOf } = this.#deps;
    if (target_id === undefined || directory.sessions.has(target_id)) return {};
    const node = nodeOf(target_id);
    return node === undefined ? {} : { node };
  }
}

/** When two ask for each other at once, both nodes find that the lower id asked first. */
function refusalFor(target: ServerSession, askerId: string): ErrorCode | undefined {
  if (target.id === askerId) return 'self_pairing';
  if (target.pairing) return 'target_already_paired';
  if (target.pendingPairRequest?.targetId === askerId)
    return askerId < target.id ? undefined : 'already_paired';
  return target.pendingPairRequest ? 'target_already_paired' : undefined;
}
