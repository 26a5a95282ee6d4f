/**
 * Sessions that come from another node because their client came back here. The client's secret tells which node had
 * the session last, and the session's id where it began; that node has the session, or knows where it went. The node
 * that has it hands it over; see outbound-migrations.ts.
 */
import { NO_TIMER, type TimerOwner } from '../../../machines/index.ts';
import type { NodeMessageOf, SessionSnapshot } from '../../../protocol/cluster/index.ts';
import { type NodeId, nodeOfSessionId } from '../../node-id.ts';
import type { Signaling } from '../../signaling/signaling.ts';
import type { Links } from '../links.ts';
import type { NodeEvents } from '../node-events.ts';
import { LostNodes } from './lost-nodes.ts';
import { MoveLines } from './move-lines.ts';
import type { OutboundMigrations } from './outbound-migrations.ts';
import type { ResumableDialect, ResumeRequest } from './resumable-dialect.ts';
import type { SessionLocations } from './session-locations.ts';

export type MigrationAnswer =
  | { readonly session: SessionSnapshot; readonly from: NodeId }
  /** No node has it; it may be created again from the client's claims if the client's secret is valid. */
  | 'lost'
  /** The node that has it is reachable, but has not answered yet. */
  | 'late'
  | 'refused';

export interface InboundMigrationsDeps {
  readonly links: Links;
  readonly locations: SessionLocations;
  readonly signaling: Signaling;
  readonly dialect: ResumableDialect;
  readonly outbound: OutboundMigrations;
  readonly events: Pick<NodeEvents, 'note'>;
}

interface Migration extends TimerOwner {
  readonly request: ResumeRequest;
  /**
   * The node that had the session last: according to its secret, until another one says where it went. It may have come
   * there without its client's hearing of it.
   */
  holder: NodeId | undefined;
  /** Whether the session may have been lost with that node. */
  mayRestore: boolean;
  /** The node that was asked last. */
  node: NodeId;
  readonly asked: NodeId[];
  readonly answer: (answer: MigrationAnswer) => void;
  /** Other nodes that asked for the session meanwhile: its client did not wait, and went there. */
  readonly askers: [NodeId, NodeMessageOf<'move'>][];
}

/** A node that is running answers within milliseconds. */
const ANSWER_TIMEOUT_MS = 2_000;
const TIMEOUT = 'timeout';
/** Bounds the number of redirects: a session may move on between two answers. */
const MAX_ASKS_PER_NODE = 2;

export class InboundMigrations {
  readonly lostNodes: LostNodes;
  readonly #deps: InboundMigrationsDeps;
  readonly #lines = new MoveLines();
  readonly #pending = new Map<number, Migration>();
  /** The same by session id: a client may try several times before the first answer. */
  readonly #byId = new Map<string, Set<Migration>>();
  #lastNumber = 0;

  constructor(deps: InboundMigrationsDeps) {
    this.#deps = deps;
    const { queue, sessions } = deps.signaling;
    this.lostNodes = new LostNodes(queue, sessions.restoreWindow.graceMs);
  }

  /**
   * Asks other nodes for a session that a client says it had.
   * @param answer called once, possibly at once; a second time after `late`, because the other node may hand the
   * session over after all
   */
  fetch(request: ResumeRequest, answer: (answer: MigrationAnswer) => void): void {
    const { dialect, signaling, locations } = this.#deps;
    const { here } = locations;
    const issuer = dialect.issuerOf(request.id, request.token);
    this.#lastNumber += 1;
    const migration: Migration = {
      request,
      holder: issuer,
      // It may have been this node, before it was restarted.
      mayRestore: issuer === here && signaling.sessions.restoreWindow.isOpen,
      node: here,
      asked: [],
      answer,
      askers: [],
      timer: NO_TIMER,
    };
    this.#pending.set(this.#lastNumber, migration);
    this.#byId.set(request.id, new Set([...(this.#byId.get(request.id) ?? []), migration]));
    locations.expected.add(request.id);
    this.#askNext(this.#lastNumber, migration, issuer);
  }

  /** The session that was asked for by that number; undefined if no answer is awaited. */
  sessionOf(number: number): string | undefined {
    return this.#pending.get(number)?.request.id;
  }

  /** Another node asks for a session, which may be here, on its way here, or elsewhere. */
  onMove(node: NodeId, message: NodeMessageOf<'move'>): void {
    // The client was here and went there, so that node has to wait. If the session is expected from the very node that
    // asks, both would wait forever.
    const migration = [...(this.#byId.get(message.id) ?? [])].find((one) => one.node !== node);
    if (migration) migration.askers.push([node, message]);
    else this.#deps.outbound.onMove(node, message);
  }

  onMoved(node: NodeId, { number, session }: NodeMessageOf<'moved'>): void {
    if (this.#pending.get(number)?.node === node) this.#answer(number, { session, from: node });
  }

  onNotMoved(node: NodeId, { number, may_restore, node: told }: NodeMessageOf<'not_moved'>): void {
    const migration = this.#pending.get(number);
    if (migration?.node !== node) return;
    if (node === migration.holder) migration.mayRestore = may_restore;
    this.#lines.remove(node, number);
    this.#askNext(number, migration, told);
  }

  /** The link to that node is lost. */
  failed(node: NodeId): void {
    this.#lines.lost(node);
    for (const [number, migration] of [...this.#pending]) {
      if (migration.node !== node) continue;
      if (node === migration.holder) migration.mayRestore = this.lostNodes.isWithinGrace(node);
      this.#askNext(number, migration);
    }
  }

  /**
   * Asks the next node: first the one that the last answer named, and then, once, the node that the session's id leads
   * to.
   * @param told the node that may have it, according to the last one
   */
  #askNext(number: number, migration: Migration, told?: NodeId): void {
    const { locations, signaling } = this.#deps;
    const { id } = migration.request;
    signaling.queue.timers.disarmAll(migration);
    const timesAsked = (node: NodeId) => migration.asked.filter((one) => one === node).length;
    const isWorthAsking = (node: NodeId | undefined, times: number) =>
      node !== undefined && node !== locations.here && timesAsked(node) < times;
    // Meanwhile this node may have had the session, and have handed it over.
    const holder = [told, locations.get(id)?.node].find((node) => isWorthAsking(node, MAX_ASKS_PER_NODE));
    // Where it began is no evidence: a node names that one for want of a better.
    if (holder !== undefined && holder !== nodeOfSessionId(id)) migration.holder = holder;
    const next = holder ?? [locations.nodeOf(id)].find((node) => isWorthAsking(node, 1));
    if (next === undefined) this.#answer(number, migration.mayRestore ? 'lost' : 'refused');
    else {
      migration.node = next;
      migration.asked.push(next);
      this.#lines.add(next, number, () => this.#ask(number, migration));
    }
  }

  #ask(number: number, migration: Migration): void {
    const { signaling, links } = this.#deps;
    const { queue } = signaling;
    const { id, token, received } = migration.request;
    queue.arm(migration, TIMEOUT, ANSWER_TIMEOUT_MS, () => {
      this.#lines.remove(migration.node, number);
      migration.answer('late');
    });
    links.send(migration.node, { type: 'move', number, id, token, received });
  }

  #answer(number: number, answer: MigrationAnswer): void {
    const migration = this.#pending.get(number);
    if (!migration) return;
    const { id } = migration.request;
    const { signaling, locations, events } = this.#deps;
    const { queue } = signaling;
    this.#pending.delete(number);
    this.#lines.remove(migration.node, number);
    const others = this.#byId.get(id);
    others?.delete(migration);
    if (others?.size === 0) {
      this.#byId.delete(id);
      locations.expected.delete(id);
    }
    queue.timers.disarmAll(migration);
    if (migration.asked.length > 0)
      events.note(typeof answer === 'object' ? 'came' : 'not_found', migration.node, id);
    migration.answer(answer);
    for (const [node, message] of migration.askers) this.onMove(node, message);
  }
}
