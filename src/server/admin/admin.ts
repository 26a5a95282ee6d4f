/** Answers the admin API for the whole cluster: with this node's part, and what the others answer in time. */
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import {
  type AdminErrorCode,
  type AdminOperation,
  adminErrors,
  adminOperations,
  DEFAULT_PAGE_SIZE,
} from '../../protocol/admin/admin-operations.ts';
import { explain, isRecord } from '../../protocol/index.ts';
import type { Logger } from '../telemetry/logger.ts';
import { type AdminHandlers, type AdminRefusal, pageKeys } from './answer-here.ts';
import { type AppCounts, AppTally } from './app-tally.ts';
import { firstAfter } from './first-after.ts';

/** The answers of all other nodes. */
export interface AnswersElsewhere {
  /** By node; undefined: it has nothing of the kind. */
  readonly answers: ReadonlyMap<number, object | undefined>;
  /** Nodes that did not answer in time. */
  readonly missing: readonly number[];
}

export interface AdminNodes {
  /** From here on, requests of other nodes are answered. */
  serve(answer: (operation: string, input: unknown) => object | undefined): void;
  /** @returns undefined when too many requests are waiting already */
  ask(operation: AdminOperation, input: object): Promise<AnswersElsewhere> | undefined;
}

export interface AdminDeps {
  readonly node: number;
  readonly here: AdminHandlers;
  /** Undefined for a server that runs alone. */
  readonly nodes: AdminNodes | undefined;
  readonly log: Logger;
}

export type AdminAnswer = { readonly body: object } | AdminRefusal;

interface Input {
  readonly limit?: number;
  readonly after?: string;
}

const isRefusal = (answer: object): answer is AdminRefusal => 'refusal' in answer;

const NOT_HERE: { readonly [Name in AdminOperation]?: AdminErrorCode } = {
  get_session: 'unknown_session',
  end_session: 'unknown_session',
  create_key: 'unknown_session',
  get_pairing: 'unknown_pairing',
  end_pairing: 'unknown_pairing',
  get_room: 'unknown_room',
  end_room: 'unknown_room',
};

/** Operations that change something are logged. */
const CHANGES = new Set<AdminOperation>(['end_session', 'create_key', 'end_pairing', 'end_room']);
/** Every node has a copy of a room, and ends its own. */
const EVERYWHERE = new Set<AdminOperation>(['end_room']);

export class Admin {
  readonly #deps: AdminDeps;
  readonly #checks = new Map<AdminOperation, { Check(value: unknown): boolean }>();

  constructor(deps: AdminDeps) {
    this.#deps = deps;
    deps.nodes?.serve((operation, input) => this.#answerNode(operation, input));
  }

  /** @param input only the names of its fields were checked */
  async answer(operation: AdminOperation, input: object): Promise<AdminAnswer> {
    const problem = problemOf(operation, input);
    if (problem !== undefined) return { refusal: 'invalid_request', message: problem };
    if (CHANGES.has(operation))
      this.#deps.log.info({ event: 'admin_changed', operation }, `The admin API carried out ${operation}`);
    const here = this.#here(operation, input);
    if (here && isRefusal(here)) return here;
    const isList = operation in pageKeys;
    if (here && !isList && !EVERYWHERE.has(operation)) return { body: here };
    const asked = this.#deps.nodes?.ask(operation, input);
    if (this.#deps.nodes && !asked) return { refusal: 'too_many_requests' };
    const { answers, missing } = (await asked) ?? { answers: new Map<number, object>(), missing: [] };
    const fitting = [...answers].filter(([, answer]) => answer && this.#isAnswer(operation, answer));
    if (isList) {
      const all = [[this.#deps.node, here ?? { items: [] }], ...fitting] as [number, { items: object[] }][];
      return { body: pageFrom(operation as keyof typeof pageKeys, all, missing, input) };
    }
    const found = here ?? fitting[0]?.[1];
    if (found) return isRefusal(found) ? found : { body: found };
    return { refusal: missing.length > 0 ? 'nodes_missing' : (NOT_HERE[operation] ?? 'not_found') };
  }

  failed(error: unknown): void {
    this.#deps.log.error({ event: 'admin_failed', err: error }, 'A request to the admin API failed');
  }

  #here(operation: AdminOperation, input: object): object | undefined {
    return (this.#deps.here[operation] as (input: object) => object | undefined)(input);
  }

  /** Answers another node, whose user made the request. */
  #answerNode(operation: string, input: unknown): object | undefined {
    if (!Object.hasOwn(adminOperations, operation) || !isRecord(input)) return undefined;
    const name = operation as AdminOperation;
    try {
      return problemOf(name, input) === undefined ? this.#here(name, input) : undefined;
    } catch (error) {
      this.failed(error);
      return { refusal: 'internal_error' } satisfies AdminRefusal;
    }
  }

  /** A node of another version may answer in another format. */
  #isAnswer(operation: AdminOperation, answer: object): boolean {
    if (isRefusal(answer)) return Object.hasOwn(adminErrors, answer.refusal);
    let check = this.#checks.get(operation);
    if (!check) {
      const { answer: schema } = adminOperations[operation];
      const shape =
        operation in pageKeys
          ? {
              type: 'object',
              required: ['items'],
              properties: { items: (schema as { properties: { items: object } }).properties.items },
            }
          : schema;
      check = Compile(shape as unknown as TSchema);
      this.#checks.set(operation, check);
    }
    return check.Check(answer);
  }
}

function problemOf(operation: AdminOperation, input: object): string | undefined {
  const { input: schema } = adminOperations[operation];
  const problem = explain(schema, input, '');
  if (problem !== undefined) return problem;
  const { after, reason } = input as Input & { reason?: string };
  if (operation === 'list_pairings' && after !== undefined && !/^\d{1,16}$/.test(after))
    return '`after` should be the `next` of a page';
  if (reason !== undefined && Buffer.byteLength(reason) > MAX_REASON_BYTES)
    return `\`reason\` should have at most ${MAX_REASON_BYTES} bytes`;
  return undefined;
}

/** RFC 6455 section 5.5: a close frame has 125 bytes for its code and reason. */
const MAX_REASON_BYTES = 123;

/** Items that several nodes have are shown once, from the node that was asked or the first of the others. */
function pageFrom(
  operation: keyof typeof pageKeys,
  answers: readonly (readonly [number, { readonly items: readonly object[] }])[],
  missing: readonly number[],
  { limit = DEFAULT_PAGE_SIZE }: Input,
): object {
  const keyOf = pageKeys[operation] as (item: object) => string | number;
  const byKey = new Map<string | number, object>();
  const tally = new AppTally();
  for (const [, { items }] of answers)
    for (const item of items) {
      if (operation === 'list_apps') tally.add(item as AppCounts);
      else if (!byKey.has(keyOf(item))) byKey.set(keyOf(item), item);
    }
  const all = operation === 'list_apps' ? [...tally.counts] : [...byKey.values()];
  const items = firstAfter<object, string | number>(all, keyOf, { limit });
  const last = items.at(-1);
  // A node that returned a full page may have more.
  const hasMore = all.length > items.length || answers.some(([, one]) => one.items.length === limit);
  return {
    items,
    ...(hasMore && last && { next: String(keyOf(last)) }),
    nodes: answers.map(([node]) => node),
    missing,
  };
}
