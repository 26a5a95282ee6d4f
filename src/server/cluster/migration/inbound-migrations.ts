/**
 * Sessions that come from another node: their client came back here. Its secret tells who had the session last, and its
 * id where it began; that node has it, or knows where it went. Who has it gives it away; see departures.ts.
 */
import type { TimerOwner, TimerWheel } from '../../../machines/index.ts';
import type { NodeMessageOf, SessionSnapshot } from '../../../protocol/cluster/index.ts';
import type { ClientMessageOf } from '../../../protocol/index.ts';
import type { ResumeSecrets } from '../../dialects/native/resume-secrets.ts';
import type { NodeId } from '../bus/bus.ts';
import type { NodeLinks } from '../node-links.ts';
import type { LostNodes } from './lost-nodes.ts';
import type { SessionLocation } from './session-locations.ts';

export type MigrationAnswer =
  | { readonly session: SessionSnapshot; readonly from: NodeId }
  /** Nobody has it; the client's word may stand for it, when its secret does. */
  | 'lost'
  /** Who has it is there, and does not answer yet. */
  | 'late'
  | 'refused';

export interface InboundMigrationsDeps {
  readonly node: NodeId;
  readonly links: NodeLinks;
  readonly timers: TimerWheel;
  readonly secrets: ResumeSecrets;
  readonly lostNodes: LostNodes;
  readonly nodeOf: (sessionId: string) => NodeId | undefined;
  /** Where a session went that was here. */
  readonly locationOf: (sessionId: string) => SessionLocation | undefined;
  /** Whether sessions of an earlier process of this node may still be out there. */
  readonly mayRestore: () => boolean;
  readonly now: () => number;
  /** Another node asks for a session that was expected here, and is here now or will not come. */
  readonly asked: (node: NodeId, message: NodeMessageOf<'move'>) => void;
}

interface Arrival extends TimerOwner {
  readonly message: ClientMessageOf<'resume'>;
  /** Who had the session last, as its secret says. */
  readonly issuer: NodeId | undefined;
  /** Whether it may have died with that one. */
  mayRestore: boolean;
  node: NodeId;
  readonly asked: NodeId[];
  readonly answer: (answer: MigrationAnswer) => void;
  /** Other nodes that asked meanwhile: its client did not wait, and went there. */
  readonly askers: [NodeId, NodeMessageOf<'move'>][];
}

/** A node that is there answers in milliseconds. */
const ANSWER_TIMEOUT_MS = 2_000;
const TIMEOUT = 'timeout';
/** A session may have moved on between two answers; one that runs away is not run after for ever. */
const MAX_ASKS_PER_NODE = 2;

export class InboundMigrations {
  readonly #deps: InboundMigrationsDeps;
  readonly #pending = new Map<number, Arrival>();
  /** The same by the session's id: a client may try more than once before the first answer. */
  readonly #byId = new Map<string, Set<Arrival>>();
  #lastNumber = 0;

  constructor(deps: InboundMigrationsDeps) {
    this.#deps = deps;
  }

  /**
   * Asks for a session that a client says it had.
   * @param answer called once, perhaps at once; once more after `late`, for who has it has given it away by then
   */
  ask(message: ClientMessageOf<'resume'>, answer: (answer: MigrationAnswer) => void): void {
    const { node, secrets, mayRestore } = this.#deps;
    const issuer = secrets.issuerOf(message.id, message.token);
    this.#lastNumber += 1;
    const arrival: Arrival = {
      message,
      issuer,
      // It may have been this node, before it was restarted.
      mayRestore: issuer === node && mayRestore(),
      node,
      asked: [],
      answer,
      askers: [],
      timer: -1,
    };
    this.#pending.set(this.#lastNumber, arrival);
    this.#byId.set(message.id, new Set([...(this.#byId.get(message.id) ?? []), arrival]));
    this.#askNext(this.#lastNumber, arrival, issuer);
  }

  /** Whether a session is on its way here, as far as its client says. */
  isExpected(id: string): boolean {
    return this.#byId.has(id);
  }

  /**
   * Another node asks for a session.
   * @returns whether it has to wait, for the session is on its way here: its client was here, and went there
   */
  keepWaiting(node: NodeId, message: NodeMessageOf<'move'>): boolean {
    // One that is expected from the very node that asks would wait for ever.
    const arrival = [...(this.#byId.get(message.id) ?? [])].find((one) => one.node !== node);
    arrival?.askers.push([node, message]);
    return arrival !== undefined;
  }

  /** That node is lost. */
  failed(node: NodeId): void {
    const { lostNodes, now } = this.#deps;
    for (const [number, arrival] of [...this.#pending]) {
      if (arrival.node !== node) continue;
      if (node === arrival.issuer) arrival.mayRestore = lostNodes.isWithinGrace(node, now());
      this.#askNext(number, arrival);
    }
  }

  moved(node: NodeId, { number, session }: NodeMessageOf<'moved'>): void {
    if (this.#pending.get(number)?.node === node) this.#answer(number, { session, from: node });
  }

  notMoved(node: NodeId, { number, may_restore, node: told }: NodeMessageOf<'not_moved'>): void {
    const arrival = this.#pending.get(number);
    if (arrival?.node !== node) return;
    if (node === arrival.issuer) arrival.mayRestore = may_restore;
    this.#askNext(number, arrival, told);
  }

  /** @param told who may have it, as far as the last one knows; else whom its id leads to is asked, once */
  #askNext(number: number, arrival: Arrival, told?: NodeId): void {
    const { node: here, locationOf, nodeOf } = this.#deps;
    const { id } = arrival.message;
    const timesAsked = (node: NodeId) => arrival.asked.filter((one) => one === node).length;
    const isWorthAsking = (node: NodeId | undefined, times: number) =>
      node !== undefined && node !== here && timesAsked(node) < times;
    // Meanwhile it may have been here, and have been given away.
    const next =
      [told, locationOf(id)?.node].find((node) => isWorthAsking(node, MAX_ASKS_PER_NODE)) ??
      [nodeOf(id)].find((node) => isWorthAsking(node, 1));
    if (next === undefined) this.#answer(number, arrival.mayRestore ? 'lost' : 'refused');
    else {
      arrival.node = next;
      this.#send(number, arrival);
    }
  }

  #send(number: number, arrival: Arrival): void {
    const { timers, links } = this.#deps;
    const { id, token, received } = arrival.message;
    arrival.asked.push(arrival.node);
    timers.disarmAll(arrival);
    timers.arm(arrival, TIMEOUT, ANSWER_TIMEOUT_MS, () => arrival.answer('late'));
    links.send(arrival.node, { type: 'move', number, id, token, received });
  }

  #answer(number: number, answer: MigrationAnswer): void {
    const arrival = this.#pending.get(number);
    if (!arrival) return;
    this.#pending.delete(number);
    const others = this.#byId.get(arrival.message.id);
    others?.delete(arrival);
    if (others?.size === 0) this.#byId.delete(arrival.message.id);
    this.#deps.timers.disarmAll(arrival);
    arrival.answer(answer);
    for (const [node, message] of arrival.askers) this.#deps.asked(node, message);
  }
}
