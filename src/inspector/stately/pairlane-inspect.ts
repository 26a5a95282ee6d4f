/**
 * Reports every actor of an XState program to `pairlane inspect`: `createActor(machine, { inspect: pairlaneInspect()
 * })`.
 */
import type { AnyActorRef, AnyStateMachine, InspectionEvent } from 'xstate';
import { nameTransitions } from '../../machines/chart/transition-names.ts';
import { transitionsTakenIn } from '../../machines/host/xstate-inspected.ts';
import { chartOf, type TakenTransition } from '../../machines/index.ts';
import { configOf } from '../charts/xstate-config.ts';
import { ProgramSocket } from './program-socket.ts';
import { STATELY_VERSION, type StatelyMessage } from './stately-message.ts';

export interface PairlaneInspectOptions {
  /** Where `pairlane inspect` listens; defaults to `ws://127.0.0.1:8080/`. */
  readonly url?: string;
  /** Returns what to show of an event or a context, to hide private parts. Left out: shown unchanged. */
  readonly redact?: (value: unknown) => unknown;
}

export const DEFAULT_INSPECT_URL = 'ws://127.0.0.1:8080/';
/** How many actors are reported again when the inspector comes back. */
const MAX_ACTORS = 1_000;

/** What XState 5 accepts as `inspect`, with a method to end it. */
export interface PairlaneInspector {
  (event: InspectionEvent): void;
  /** Stops reporting, and closes the socket. */
  stop(): void;
}

/**
 * Reports an actor and all that it starts to `pairlane inspect`: their charts, events, states and the transitions
 * taken. It connects by itself, even if the inspector is started later, and keeps no program from ending.
 * @returns the `inspect` option of `createActor`; several actors may share it
 */
export function pairlaneInspect({
  url = DEFAULT_INSPECT_URL,
  redact = (value) => value,
}: PairlaneInspectOptions = {}): PairlaneInspector {
  const machines = new WeakMap<AnyStateMachine, Described>();
  const taken = new WeakMap<object, TakenTransition[]>();
  const actors = new Map<string, AnyActorRef>();
  const socket = new ProgramSocket(url, () => {
    for (const actor of actors.values()) socket.send(introduction(actor));
  });

  const describe = (actor: AnyActorRef): Described | undefined => {
    const { logic } = actor as unknown as { logic: unknown };
    if (!isMachine(logic)) return undefined;
    const known = machines.get(logic) ?? describeMachine(logic);
    machines.set(logic, known);
    return known;
  };
  const message = (type: StatelyMessage['type'], actor: AnyActorRef, fields: object): StatelyMessage => ({
    ...fields,
    type,
    sessionId: actor.sessionId,
    rootId: actor.sessionId,
    id: '',
    createdAt: String(Date.now()),
    _version: STATELY_VERSION,
  });
  const shown = (snapshot: unknown) => {
    const { status, value, context, output, error } = snapshot as Record<string, unknown>;
    return {
      status,
      value,
      context: redact(context),
      ...(output !== undefined && { output: redact(output) }),
      ...(error !== undefined && { error: String(error) }),
    };
  };
  const introduction = (actor: AnyActorRef) =>
    message('@xstate.actor', actor, {
      name: nameOf(actor),
      parentId: (actor as { _parent?: AnyActorRef })._parent?.sessionId,
      definition: describe(actor)?.definition,
      snapshot: shown(actor.getSnapshot()),
    });
  // An actor's input is visible in its context, as far as it may be shown.
  const eventShown = (event: { readonly type: string }) =>
    event.type === 'xstate.init' ? { type: event.type } : redact(event);

  const inspect = (event: InspectionEvent) => {
    const actor = event.actorRef as AnyActorRef;
    switch (event.type) {
      case '@xstate.actor':
        // Its snapshot does not exist yet, so it is reported with its first event.
        return;
      case '@xstate.microstep':
        taken.set(actor, [...(taken.get(actor) ?? []), ...transitionsTakenIn(event)]);
        return;
      case '@xstate.event': {
        if (!actors.has(actor.sessionId)) {
          if (actors.size < MAX_ACTORS) actors.set(actor.sessionId, actor);
          socket.send(introduction(actor));
        }
        const sourceId = (event.sourceRef as AnyActorRef | undefined)?.sessionId;
        socket.send(message('@xstate.event', actor, { event: eventShown(event.event), sourceId }));
        return;
      }
      case '@xstate.snapshot': {
        const names = describe(actor)?.names;
        const transitions = taken.get(actor)?.flatMap((one) => names?.get(one) ?? []);
        taken.delete(actor);
        if (event.snapshot.status !== 'active') actors.delete(actor.sessionId);
        socket.send(
          message('@xstate.snapshot', actor, {
            event: eventShown(event.event),
            snapshot: shown(event.snapshot),
            ...(names && { transitions: transitions ?? [] }),
          }),
        );
      }
    }
  };
  return Object.assign(inspect, { stop: () => socket.stop() });
}

/** An actor without an id gets that of its machine, as in Stately's client. */
function nameOf({ id, sessionId, logic }: AnyActorRef & { readonly logic?: unknown }): string {
  return id === sessionId && isMachine(logic) ? logic.id : id;
}

interface Described {
  readonly definition: string | undefined;
  readonly names: ReadonlyMap<TakenTransition, string>;
}

function describeMachine(machine: AnyStateMachine): Described {
  return {
    definition: JSON.stringify(configOf(chartOf(machine)), withoutFunctions),
    names: nameTransitions(machine),
  };
}

/** Parameters may contain any value. */
function withoutFunctions(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}

function isMachine(logic: unknown): logic is AnyStateMachine {
  return typeof logic === 'object' && logic !== null && 'root' in logic && 'implementations' in logic;
}
