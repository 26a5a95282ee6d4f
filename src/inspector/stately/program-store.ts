/** What programs reported about their actors, within a memory limit: the oldest steps are dropped first. */
import { chartFrom, MAX_DEFINITION_CHARS, type ProgramChart } from './program-chart.ts';
import type { ShownActor, ShownStep } from './program-messages.ts';
import type { ReadSnapshot, ReadStately } from './stately-message.ts';

export interface StoreLimits {
  /** For all steps and charts together. */
  readonly maxBytes: number;
  readonly maxActors: number;
  /** Per actor. */
  readonly maxSteps: number;
}

export const DEFAULT_STORE_LIMITS: StoreLimits = {
  maxBytes: 32 * 1024 * 1024,
  maxActors: 2_000,
  maxSteps: 2_000,
};

/** Events of one actor whose snapshot has not arrived. */
const MAX_PENDING = 64;
const CHAR_BYTES = 2;
/** The approximate size of an actor without its steps, and of an event without its text. */
const ACTOR_BYTES = 1_024;
const PENDING_BYTES = 64;

/** A step as it is sent to pages. */
interface Step {
  readonly json: string;
}

interface Pending {
  /** The event as text, to match a snapshot with. */
  readonly text: string;
  readonly source: string | undefined;
}

interface DrawnMachine {
  readonly shown: ProgramChart;
  readonly definition: string;
  uses: number;
}

export interface KeptActor {
  readonly key: number;
  readonly program: number;
  readonly session: string;
  readonly name: string;
  readonly parent: string | undefined;
  readonly machine: DrawnMachine;
  readonly steps: Step[];
  readonly pending: Pending[];
  status: string;
  value: unknown;
  stepCount: number;
}

/** Further facts about a step. */
type StepFields = Pick<ShownStep, 'event' | 'source' | 'taken' | 'refused'>;

export interface StoreListener {
  changed(actor: KeptActor): void;
  stepped(actor: KeptActor, json: string): void;
  dropped(key: number): void;
}

export class ProgramStore {
  readonly #limits: StoreLimits;
  readonly #wallTime: () => number;
  readonly #listener: StoreListener;
  readonly #actors = new Map<number, KeptActor>();
  /** By program and session. */
  readonly #byName = new Map<string, KeptActor>();
  /** All steps, oldest first. */
  readonly #order = new Map<Step, KeptActor>();
  readonly #machines = new Map<string, DrawnMachine>();
  #bytes = 0;
  #programs = 0;
  #keys = 0;

  constructor(wallTime: () => number, listener: StoreListener, limits = DEFAULT_STORE_LIMITS) {
    this.#wallTime = wallTime;
    this.#listener = listener;
    this.#limits = limits;
  }

  /** @returns the number of a program that has connected */
  programCame(): number {
    this.#programs += 1;
    return this.#programs;
  }

  /** What it reported is kept, as far as there is room. */
  programLeft(program: number): void {
    for (const actor of this.#actors.values())
      if (actor.program === program && actor.status === 'active') {
        actor.status = 'gone';
        this.#forgetAllPending(actor);
        this.#listener.changed(actor);
      }
  }

  actor(key: number): KeptActor | undefined {
    return this.#actors.get(key);
  }

  get actors(): Iterable<KeptActor> {
    return this.#actors.values();
  }

  /** The approximate memory use. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Forgets all. */
  clear(): void {
    for (const actor of [...this.#actors.values()]) this.#drop(actor);
  }

  receive(program: number, message: ReadStately): void {
    if (message.type === 'actor') {
      this.#introduce(program, message);
      return;
    }
    const actor = this.#byName.get(nameOf(program, message.session));
    // The actor was dropped, or never introduced.
    if (!actor) return;
    if (message.type === 'snapshot') this.#stepped(actor, message);
    // If no transition was taken, no snapshot will follow.
    else if (message.taken?.length === 0) this.#ignored(actor, message);
    else {
      const { event, source } = message;
      const pending = { text: JSON.stringify(event), source };
      actor.pending.push(pending);
      this.#bytes += pendingBytes(pending);
      if (actor.pending.length > MAX_PENDING) this.#forgetPending(actor, 0);
      this.#shrink();
    }
  }

  #introduce(program: number, message: Extract<ReadStately, { type: 'actor' }>): void {
    const { session, name, parent, definition, snapshot } = message;
    const known = this.#byName.get(nameOf(program, session));
    if (known) this.#drop(known);
    if (this.#actors.size >= this.#limits.maxActors) this.#makeRoom();
    this.#keys += 1;
    const actor: KeptActor = {
      key: this.#keys,
      program,
      session,
      name,
      parent,
      machine: this.#machineOf(definition),
      steps: [],
      pending: [],
      status: snapshot.status,
      value: snapshot.value,
      stepCount: 0,
    };
    this.#actors.set(actor.key, actor);
    this.#byName.set(nameOf(program, session), actor);
    this.#bytes += ACTOR_BYTES;
    if (snapshot.value === undefined) this.#listener.changed(actor);
    else this.#add(actor, snapshot, {});
    this.#shrink();
  }

  #stepped(actor: KeptActor, message: Extract<ReadStately, { type: 'snapshot' }>): void {
    const { event, snapshot, taken, refused } = message;
    const text = JSON.stringify(event);
    const at = actor.pending.findIndex((pending) => pending.text === text);
    const pending = this.#forgetPending(actor, at);
    // Its first reported state is the one that it was started with.
    if (event.type === 'xstate.init' && actor.stepCount === 1) this.#forgetSteps(actor);
    this.#add(actor, snapshot, {
      event,
      ...(pending?.source !== undefined && { source: pending.source }),
      ...(taken && { taken }),
      ...(refused && { refused }),
    });
  }

  #ignored(actor: KeptActor, { event, source, refused }: Extract<ReadStately, { type: 'event' }>): void {
    const { status, value } = actor;
    this.#add(
      actor,
      { status, value, context: undefined },
      {
        event,
        ...(source !== undefined && { source }),
        taken: [],
        ...(refused && { refused }),
      },
    );
  }

  #add(actor: KeptActor, { status, value, context }: ReadSnapshot, fields: StepFields): void {
    actor.status = status;
    actor.value = value;
    actor.stepCount += 1;
    const { event, ...rest } = fields;
    const json = JSON.stringify({
      seq: actor.stepCount,
      at: this.#wallTime(),
      ...(event && { event }),
      ...rest,
      status,
      ...(value !== undefined && { value }),
      ...(context !== undefined && { context }),
    });
    const step = { json };
    actor.steps.push(step);
    this.#order.set(step, actor);
    this.#bytes += json.length * CHAR_BYTES;
    if (actor.steps.length > this.#limits.maxSteps) this.#forget(actor);
    this.#shrink();
    this.#listener.changed(actor);
    this.#listener.stepped(actor, json);
  }

  /** Drops the oldest step of an actor. */
  #forget(actor: KeptActor): void {
    const step = actor.steps.shift();
    if (!step) return;
    this.#order.delete(step);
    this.#bytes -= step.json.length * CHAR_BYTES;
  }

  #forgetPending(actor: KeptActor, at: number): Pending | undefined {
    const [pending] = at < 0 ? [] : actor.pending.splice(at, 1);
    if (pending) this.#bytes -= pendingBytes(pending);
    return pending;
  }

  #forgetAllPending(actor: KeptActor): void {
    while (actor.pending.length > 0) this.#forgetPending(actor, 0);
  }

  #forgetSteps(actor: KeptActor): void {
    while (actor.steps.length > 0) this.#forget(actor);
    actor.stepCount = 0;
  }

  #shrink(): void {
    while (this.#bytes > this.#limits.maxBytes) {
      const [oldest] = this.#order.values();
      if (oldest) this.#forget(oldest);
      else if (this.#actors.size > 1) this.#makeRoom();
      else return;
    }
  }

  /** Drops the oldest actor, preferably one that is over. */
  #makeRoom(): void {
    let first: KeptActor | undefined;
    for (const actor of this.#actors.values()) {
      if (actor.status !== 'active') {
        this.#drop(actor);
        return;
      }
      first ??= actor;
    }
    if (first) this.#drop(first);
  }

  #drop(actor: KeptActor): void {
    this.#forgetSteps(actor);
    this.#forgetAllPending(actor);
    this.#actors.delete(actor.key);
    this.#byName.delete(nameOf(actor.program, actor.session));
    this.#bytes -= ACTOR_BYTES;
    actor.machine.uses -= 1;
    if (actor.machine.uses === 0) {
      this.#machines.delete(actor.machine.definition);
      this.#bytes -= bytesOf(actor.machine);
    }
    this.#listener.dropped(actor.key);
  }

  /** Actors of one machine share its chart. */
  #machineOf(definition: string | undefined): DrawnMachine {
    const isTooLarge = definition !== undefined && definition.length > MAX_DEFINITION_CHARS;
    // Neither is JSON, unlike every definition.
    const text = isTooLarge ? 'too large' : (definition ?? 'none');
    const known = this.#machines.get(text);
    if (known) {
      known.uses += 1;
      return known;
    }
    const machine = { shown: chartFrom(definition), definition: text, uses: 1 };
    this.#machines.set(text, machine);
    this.#bytes += bytesOf(machine);
    return machine;
  }
}

/** A chart is about four times as large as its definition. */
function bytesOf({ definition }: DrawnMachine): number {
  return definition.length * CHAR_BYTES * 5;
}

const pendingBytes = ({ text, source = '' }: Pending) =>
  PENDING_BYTES + (text.length + source.length) * CHAR_BYTES;

const nameOf = (program: number, session: string) => `${program} ${session}`;

export function shownActor(actor: KeptActor): ShownActor {
  const { key, program, session, name, parent, status, value, stepCount } = actor;
  return {
    key,
    program,
    session,
    name,
    ...(parent !== undefined && { parent }),
    status,
    ...(value !== undefined && { value }),
    steps: stepCount,
  };
}
