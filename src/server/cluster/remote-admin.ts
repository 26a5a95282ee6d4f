/**
 * Admin API requests that other nodes have to answer, too: each node is asked, and is waited for only a limited time.
 */
import { NO_TIMER, type StepQueue, type TimerOwner } from '../../machines/index.ts';
import type { NodeMessageOf } from '../../protocol/cluster/index.ts';
import type { NodeId } from '../node-id.ts';
import type { Links } from './links.ts';

interface Waiting extends TimerOwner {
  readonly answers: Map<NodeId, object | undefined>;
  /** Nodes that have not answered. */
  readonly missing: Set<NodeId>;
  readonly done: () => void;
}

/** The other nodes' answers, and the nodes that did not answer in time. */
export interface NodeAnswers {
  readonly answers: ReadonlyMap<NodeId, object | undefined>;
  readonly missing: readonly NodeId[];
}

const DEADLINE = 'deadline';
const ANSWER_MS = 2_000;
const MAX_WAITING = 64;

export class RemoteAdmin {
  readonly #links: Links;
  readonly #queue: Pick<StepQueue, 'arm' | 'timers'>;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #answer: (operation: string, input: unknown) => object | undefined = () => undefined;

  constructor(links: Links, queue: Pick<StepQueue, 'arm' | 'timers'>) {
    this.#links = links;
    this.#queue = queue;
  }

  /** @param answer returns this node's part of the answer to another node's request */
  serve(answer: (operation: string, input: unknown) => object | undefined): void {
    this.#answer = answer;
  }

  /** @returns undefined when too many requests are waiting already */
  ask(operation: string, input: object): Promise<NodeAnswers> | undefined {
    if (this.#waiting.size >= MAX_WAITING) return undefined;
    const { open } = this.#links;
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve) => {
      const done = () => {
        this.#queue.timers.disarmAll(waiting);
        this.#waiting.delete(id);
        resolve({ answers: waiting.answers, missing: [...waiting.missing] });
      };
      const waiting: Waiting = { answers: new Map(), missing: new Set(open), done, timer: NO_TIMER };
      this.#waiting.set(id, waiting);
      this.#queue.arm(waiting, DEADLINE, ANSWER_MS, done);
      for (const node of open) this.#links.send(node, { type: 'admin_ask', id, operation, input });
      if (open.length === 0) done();
    });
  }

  onAsk(node: NodeId, { id, operation, input }: NodeMessageOf<'admin_ask'>): void {
    const answer = this.#answer(operation, input);
    this.#links.send(node, { type: 'admin_answer', id, ...(answer && { answer }) });
  }

  onAnswer(node: NodeId, { id, answer }: NodeMessageOf<'admin_answer'>): void {
    const waiting = this.#waiting.get(id);
    if (!waiting?.missing.delete(node)) return;
    waiting.answers.set(node, answer);
    if (waiting.missing.size === 0) waiting.done();
  }

  /** That node is lost, so its part stays missing; the others may have answered already. */
  lost(node: NodeId): void {
    for (const waiting of [...this.#waiting.values()]) {
      if (!waiting.missing.has(node)) continue;
      if ([...waiting.missing].every((one) => one === node || !this.#links.isOpen(one))) waiting.done();
    }
  }
}
