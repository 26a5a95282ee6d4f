/** The native part of a session's snapshot, which goes to another node with it: frames, numbers and secrets. */
import type { SessionSnapshot } from '../../../protocol/cluster/index.ts';
import { ReliableDelivery } from '../../../protocol/index.ts';
import { claimsOf, grantsFrom } from '../../admission/tokens/claims.ts';
import { areOfToken, type TokenGrants } from '../../admission/tokens/grants.ts';
import type { NodeId } from '../../node-id.ts';
import type { ServerSession } from '../../signaling/session.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { type ResumeState, resumableOf } from './native-client.ts';
import { type ResumeSecrets, ResumeToken } from './resume-secrets.ts';
import type { ResumeRequest } from './return-ports.ts';

export type ClientSnapshot = Pick<
  SessionSnapshot,
  | 'generation'
  | 'max_peers'
  | 'sent'
  | 'received'
  | 'deferred'
  | 'unacked'
  | 'secrets'
  | 'restored_with'
  | 'asked'
  | 'rate'
  | 'is_key_only'
  | 'claims'
  | 'since'
  | 'claimed_at'
>;

/** Whether the request is valid for a session of this node: right secret, and possible numbers. */
export function mayResume(session: ServerSession | undefined, { token, received }: ResumeRequest): boolean {
  const resume = resumableOf(session)?.resume;
  if (!resume || session?.isDone) return false;
  return resume.token.accepts(token) && resume.delivery.isPossible(receivedBy(resume, { token, received }));
}

/** The seq of the last frame that a client has received of this session. */
export function receivedBy({ restoredWith }: ResumeState, request: Omit<ResumeRequest, 'id'>): number {
  return request.token === restoredWith ? 0 : request.received;
}

/** @param request how its client named it */
export function takeClientSnapshot(
  session: ServerSession,
  request: Omit<ResumeRequest, 'id'>,
  now: number,
): ClientSnapshot {
  const client = resumableOf(session);
  if (!client) throw new Error('Only a client that comes back has a snapshot');
  const { grants } = session;
  const { delivery, token, restoredWith } = client.resume;
  delivery.ack(receivedBy(client.resume, request));
  const { sent, received: got, deferred, unacked } = delivery.state;
  return {
    generation: client.generation,
    ...(client.peers !== undefined && { max_peers: client.peers }),
    sent,
    received: got,
    deferred: [...deferred],
    unacked: unacked.map(({ seq, message, senderSeq, epoch }) => ({
      seq,
      text: message.toString(),
      ...(senderSeq !== undefined && { sender_seq: senderSeq }),
      ...(epoch !== undefined && { epoch }),
    })),
    secrets: [...token.outstanding],
    ...(restoredWith !== undefined && { restored_with: restoredWith }),
    ...(session.asked && { asked: session.asked }),
    rate: client.rate.stateAt(now),
    is_key_only: client.isKeyOnly,
    ...(areOfToken(grants) && {
      claims: claimsOf(grants),
      since: session.since,
      ...(session.claimedAt > 0 && { claimed_at: session.claimedAt }),
    }),
  };
}

/** @param ack called when the client has acked a signal of a peer, with its epoch, its sender seq and its length */
export function restoreClient(
  { unacked, secrets, restored_with: restoredWith, ...snapshot }: SessionSnapshot,
  ack: (epoch: number, senderSeq: number, bytes: number) => void,
): ResumeState {
  const frames = {
    ...snapshot,
    unacked: unacked.map(({ seq, text, epoch, sender_seq: senderSeq }) => ({
      seq,
      message: text,
      senderSeq,
      epoch,
      onAcked:
        senderSeq === undefined || epoch === undefined ? undefined : () => ack(epoch, senderSeq, text.length),
    })),
  };
  const delivery = ReliableDelivery.from<string | Buffer>(frames, snapshot.max_peers);
  const [secret, ...others] = secrets;
  if (secret === undefined) throw new Error('A session that moves has at least one secret');
  return { delivery, token: new ResumeToken(secret, ...others), restoredWith };
}

/** @throws when another node sends claims that no token could contain */
export function grantsIn({ claims }: SessionSnapshot): TokenGrants | undefined {
  if (claims === undefined) return undefined;
  const grants = grantsFrom(claims);
  if (typeof grants === 'string') throw new Error(`a session came with impossible claims: ${grants}`);
  return grants;
}

/** What the migration of sessions needs from the native dialect. */
export class NativeMigration {
  readonly #secrets: ResumeSecrets;
  readonly #log: Logger;

  constructor(secrets: ResumeSecrets, log: Logger) {
    this.#secrets = secrets;
    this.#log = log;
  }

  get fingerprint(): string {
    return this.#secrets.fingerprint;
  }

  met(node: NodeId, fingerprint: string): void {
    if (fingerprint === this.fingerprint) return;
    this.#log.warn(
      { event: 'node_secret_differs', node },
      `Node ${node} has another --secret: when one of the two nodes dies, its clients cannot come back to the other. Give all nodes the same --secret`,
    );
  }

  issuerOf(id: string, token: string): number | undefined {
    return this.#secrets.issuerOf(id, token);
  }

  isForeign(id: string, token: string): boolean {
    return this.#secrets.foreignGeneration(id, token) !== undefined;
  }

  readonly mayResume = mayResume;
  readonly takeSnapshot = takeClientSnapshot;
}
