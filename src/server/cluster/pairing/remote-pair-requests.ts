/**
 * Pair requests for clients of other nodes. The asking session is reserved for the pairing (its machine is `asking`)
 * until there is an answer; the other node creates its side at once if its client is free, and says so. An answer that
 * comes too late ends the side that it reports: whatever is lost or late, no side stays alone.
 */
import type { NodeMessageOf } from '../../../protocol/cluster/index.ts';
import type { ErrorCode } from '../../../protocol/index.ts';
import { isSameApp } from '../../admission/tokens/grants.ts';
import type { NodeId } from '../../node-id.ts';
import type { PairRequest } from '../../signaling/other-nodes.ts';
import { Seat } from '../../signaling/seat.ts';
import type { PendingPairRequest, ServerSession } from '../../signaling/session.ts';
import type { Signaling } from '../../signaling/signaling.ts';
import type { Links } from '../links.ts';
import type { SessionLocations } from '../migration/session-locations.ts';
import type { RemotePairings } from './remote-pairings.ts';

/** The nodes that a client's request went to. */
interface RequestedNodes {
  /** Nodes that have not answered. */
  readonly awaiting: Set<NodeId>;
  /** Bounds the number of redirects: no node is asked twice. */
  readonly asked: Set<NodeId>;
}

export interface RemotePairRequestsDeps {
  readonly links: Links;
  readonly locations: SessionLocations;
  readonly remotePairings: RemotePairings;
  readonly signaling: Signaling;
}

export class RemotePairRequests {
  readonly #deps: RemotePairRequestsDeps;
  readonly #pending = new Map<ServerSession, RequestedNodes>();

  constructor(deps: RemotePairRequestsDeps) {
    this.#deps = deps;
  }

  /** Asks the node that has the client, or all nodes for the owner of a key. */
  request(session: ServerSession, { targetId, key, metadata, traceparent }: PairRequest): void {
    const { links, locations, signaling } = this.#deps;
    const node = key === undefined ? locations.nodeOf(targetId ?? '') : undefined;
    const nodes = node === undefined ? links.open : [node];
    const request: PendingPairRequest = {
      epoch: signaling.pairings.epochs.next(),
      targetId: key === undefined ? targetId : undefined,
      key,
      metadata,
      traceparent,
      address: session.guesser,
    };
    const requested = { awaiting: new Set(nodes), asked: new Set<NodeId>() };
    session.pendingPairRequest = request;
    this.#pending.set(session, requested);
    for (const one of nodes) this.#send(session, request, requested, one);
    if (nodes.length === 0) deny(session, 'unavailable');
  }

  /** The request was answered, or is given up. */
  forget(session: ServerSession): void {
    this.#pending.delete(session);
    session.pendingPairRequest = undefined;
  }

  /** That node does not answer, or not soon. */
  failed(node: NodeId, code: ErrorCode): void {
    for (const session of [...this.#pending.keys()]) this.#refused(session, node, code);
  }

  /** Another node asks for a client of this node. */
  onAsk(node: NodeId, message: NodeMessageOf<'ask'>): void {
    const { epoch, from, key } = message;
    const { links, remotePairings, signaling } = this.#deps;
    const { target, code } = this.#targetOf(message);
    const isBarred = key === undefined && target?.client.isKeyOnly;
    const refusal = isBarred ? 'key_required' : target ? refusalFor(target, from, key) : code;
    if (!target || refusal) {
      links.send(node, {
        type: 'denied',
        epoch,
        to: from,
        code: refusal ?? 'target_not_found',
        ...this.#whereIs(message),
      });
      return;
    }
    if (key !== undefined) signaling.directory.keys.use(key);
    const remote = remotePairings.create(from, node, message.is_resumable);
    const { id, isResumable } = target;
    links.send(node, { type: 'granted', epoch, from: id, to: from, is_resumable: isResumable });
    const { metadata, traceparent } = message;
    signaling.pairings.form(remote, new Seat(target), { metadata, traceparent }, epoch);
  }

  onGranted(node: NodeId, { epoch, from, to, is_resumable }: NodeMessageOf<'granted'>): void {
    const session = this.#deps.signaling.directory.sessions.get(to);
    const request = session?.pendingPairRequest;
    const isAsked = session !== undefined && request?.epoch === epoch;
    if (isAsked) this.#found(request);
    // The two may have been paired meanwhile, through another node or by a key.
    if (isAsked && session.isPairedWith(from)) deny(session, 'already_paired');
    else if (isAsked) {
      session.dispatch({ type: 'GRANTED', targetId: from, node, isResumable: is_resumable, epoch });
      return;
    }
    this.#deps.links.send(node, { type: 'ended', epoch, from: to, to: from, reason: 'disconnected' });
  }

  onDenied(node: NodeId, { epoch, to, code, node: next }: NodeMessageOf<'denied'>): void {
    const session = this.#deps.signaling.directory.sessions.get(to);
    const requested = session && this.#pending.get(session);
    const request = session?.pendingPairRequest;
    if (!requested || request?.epoch !== epoch) return;
    if (next !== undefined && !requested.asked.has(next)) {
      requested.awaiting.add(next);
      this.#send(session, request, requested, next);
    }
    this.#refused(session, node, code);
  }

  #send(session: ServerSession, request: PendingPairRequest, { asked }: RequestedNodes, node: NodeId): void {
    const { epoch, targetId, key, metadata, traceparent } = request;
    asked.add(node);
    this.#deps.links.send(node, {
      type: 'ask',
      epoch,
      from: session.id,
      is_resumable: session.isResumable,
      ...(key === undefined ? { target_id: targetId ?? '' } : { key }),
      ...(metadata !== undefined && { metadata }),
      ...(traceparent !== undefined && { traceparent }),
    });
  }

  /** One node refused. Of all nodes asked about a key, only one can know it, and that node's answer counts. */
  #refused(session: ServerSession, node: NodeId, code: ErrorCode): void {
    const { pendingPairRequest: request } = session;
    const awaiting = this.#pending.get(session)?.awaiting;
    if (!request || !awaiting?.delete(node)) return;
    const isKeyUnknown =
      request.key !== undefined && (code === 'key_not_found' || code === 'target_not_found');
    // An id given by a token may be at any node; only a node that has it can answer more than "not found".
    if (awaiting.size > 0 && (isKeyUnknown || code === 'target_not_found')) return;
    // A node that does not answer has given no verdict on the key, so the guess is not given back.
    if (!isKeyUnknown && code !== 'unavailable') this.#found(request);
    deny(session, isKeyUnknown ? 'key_not_found' : code);
  }

  /** A key that another node knows was not a guess. */
  #found({ key, address }: PendingPairRequest): void {
    if (key !== undefined) this.#deps.signaling.directory.guesses.giveBack(address);
  }

  #targetOf({ from, target_id, key }: NodeMessageOf<'ask'>): {
    readonly target: ServerSession | undefined;
    readonly code: ErrorCode;
  } {
    const { directory, queue } = this.#deps.signaling;
    const found =
      key === undefined ? directory.sessions.get(target_id ?? '') : directory.keys.find(key, queue.now);
    return {
      target: found && isSameApp(found.id, from) ? found : undefined,
      code: key === undefined ? 'target_not_found' : 'key_not_found',
    };
  }

  /** Where the requested client has moved to, if it is not here. */
  #whereIs({ target_id }: NodeMessageOf<'ask'>): { node?: NodeId } {
    const { locations, signaling } = this.#deps;
    if (target_id === undefined || signaling.directory.sessions.has(target_id)) return {};
    const node = locations.nodeOf(target_id);
    return node === undefined ? {} : { node };
  }
}

function deny(session: ServerSession, code: ErrorCode): void {
  session.dispatch({ type: 'DENIED', code });
}

/**
 * If two clients ask for each other at once, both nodes agree that the one with the lower id asked first. For a request
 * by key, nobody knows before the answer whose key it is: it may be that of the very client that asks here.
 */
function refusalFor(target: ServerSession, askerId: string, key: string | undefined): ErrorCode | undefined {
  const { pendingPairRequest: own } = target;
  if (target.id === askerId) return 'self_pairing';
  if (target.isPairedWith(askerId)) return 'already_paired';
  if (own?.targetId === askerId) return askerId < target.id ? undefined : 'already_paired';
  if (key === undefined && target.hasJustLeft(askerId)) return 'just_left';
  if (own?.key !== undefined || !target.hasFreeSeat) return 'target_already_paired';
  return target.hasRoomForPeer ? undefined : 'peer_slow';
}
