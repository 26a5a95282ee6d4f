/**
 * Shows a host's instances in Stately's inspector: makes the messages of `@statelyai/inspect` from the host's steps.
 */
import type { AnyStateMachine } from 'xstate';
import { nameTransitions } from '../../machines/chart/transition-names.ts';
import { chartOf, type Observer, type Step, type TakenTransition } from '../../machines/index.ts';
import { configOf } from '../charts/xstate-config.ts';
import { STATELY_VERSION, type StatelyMessage } from './stately-message.ts';

/** Where messages go: the `adapter` of an inspector of `@statelyai/inspect`. */
export interface StatelyAdapter {
  send(message: never): void;
}

export interface InspectWithOptions<Instance> {
  /** Returns what to show of an event or a context, to hide private parts. Left out: shown unchanged. */
  readonly redact?: (value: unknown) => unknown;
  /** An instance's name; `MACHINE:N` if left out. */
  readonly nameOf?: (instance: Instance) => string;
  /** Instances to report at once; others are reported with their next step. */
  readonly instances?: Iterable<Instance>;
}

interface Inspectable<Instance> {
  readonly machine: AnyStateMachine;
  observer: Observer<Instance> | undefined;
}

/**
 * Reports to an inspector every instance that takes a step from now on, with its events and states; `transitions` also
 * lists the transitions taken, and `refused` the guards that failed for an ignored event.
 * @param host a MachineHost
 * @param adapter `createWebSocketInspector(…).adapter`, or that of another inspector of `@statelyai/inspect`
 * @returns a function that stops it
 */
export function inspectWith<
  Instance extends { readonly value: unknown; readonly context: unknown; readonly isDone: boolean },
>(
  host: Inspectable<Instance>,
  adapter: StatelyAdapter,
  { redact = (value) => value, nameOf, instances = [] }: InspectWithOptions<Instance> = {},
): () => void {
  const { machine } = host;
  const names = nameTransitions(machine);
  const definition = JSON.stringify(configOf(chartOf(machine)));
  const known = new WeakMap<object, string>();
  let sessions = 0;
  let messages = 0;
  let isStopped = false;

  const send = (type: StatelyMessage['type'], sessionId: string, fields: object) => {
    messages += 1;
    const message: StatelyMessage = {
      ...fields,
      type,
      sessionId,
      rootId: sessionId,
      id: `${sessionId}/${messages}`,
      createdAt: String(Date.now()),
      _version: STATELY_VERSION,
    };
    adapter.send(message as never);
  };
  const introduce = (instance: Instance, value: unknown): string => {
    sessions += 1;
    const sessionId = nameOf?.(instance) ?? `${machine.id}:${sessions}`;
    known.set(instance, sessionId);
    const snapshot = { status: 'active', value, context: redact(instance.context) };
    send('@xstate.actor', sessionId, { name: sessionId, parentId: undefined, definition, snapshot });
    return sessionId;
  };
  const show = ({ instance, event, from, to, transitions, verdicts }: Step<Instance>) => {
    const sessionId = known.get(instance) ?? introduce(instance, from === '' ? to : from);
    // Its input is visible in its context, as far as it may be shown.
    const shown = event.type === 'xstate.init' ? { type: event.type } : redact(event);
    const refused = verdicts.filter(({ passed }) => !passed).map(({ guard }) => guard);
    send('@xstate.event', sessionId, {
      event: shown,
      sourceId: undefined,
      transitions: transitions.map((taken: TakenTransition) => names.get(taken)),
      ...(refused.length > 0 && { refused }),
    });
    const status = instance.isDone ? 'done' : 'active';
    if (transitions.length > 0 || from === '')
      send('@xstate.snapshot', sessionId, {
        event: shown,
        snapshot: { status, value: to, context: redact(instance.context) },
      });
  };

  for (const instance of instances) introduce(instance, instance.value);
  const before = host.observer;
  const observer: Observer<Instance> = (step) => {
    before?.(step);
    if (!isStopped) show(step);
  };
  host.observer = observer;
  return () => {
    isStopped = true;
    // Another observer may have been set since.
    if (host.observer === observer) host.observer = before;
  };
}
