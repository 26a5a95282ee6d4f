/**
 * A pairing is a trace: its states are spans, and so is each of its two clients, with its signals. Each node reports
 * its own part, with the same ids; the initiator's node reports the whole.
 */
import type { StateValue } from 'xstate';
import type { Observer, Step } from '../../machines/index.ts';
import type { Span, SpanEvent } from './spans.ts';
import { type NamedByTrace, newSpanId, traceContextOf } from './trace-context.ts';

export type TracedSide = 'initiator' | 'responder';

/** The part of a pairing that is needed. */
export interface TracedPairing extends NamedByTrace {
  readonly isDone: boolean;
  readonly initiator: { readonly id: string };
  readonly responder: { readonly id: string };
}

interface OpenSpan {
  readonly spanId: string;
  readonly name: string;
  readonly start: number;
}

interface OpenTrace {
  readonly start: number;
  state: OpenSpan | undefined;
  readonly events: Record<TracedSide, SpanEvent[]>;
}

/** Per client; later events are left out. */
const MAX_EVENTS = 64;
const SIDES: readonly TracedSide[] = ['initiator', 'responder'];

export interface PairingTracesDeps {
  /** @returns milliseconds since 1970 */
  readonly wallTime: () => number;
  /** Whether its client is at this node. */
  readonly isHere: (pairing: TracedPairing, side: TracedSide) => boolean;
  readonly ended: (spans: readonly Span[]) => void;
}

export class PairingTraces {
  readonly #deps: PairingTracesDeps;
  readonly #open = new WeakMap<TracedPairing, OpenTrace>();

  constructor(deps: PairingTracesDeps) {
    this.#deps = deps;
  }

  readonly observer: Observer<TracedPairing> = (step) => this.#stepped(step);

  #stepped({ instance, event, to, transitions }: Step<TracedPairing>): void {
    const now = this.#deps.wallTime();
    const trace = this.#open.get(instance) ?? { start: now, state: undefined, events: noEvents() };
    this.#open.set(instance, trace);
    const { from } = event as { readonly from?: TracedSide };
    const events = from && trace.events[from];
    if (events && transitions.length > 0 && events.length < MAX_EVENTS)
      events.push({ name: event.type, at: now });
    const name = pathOf(to);
    if (name !== trace.state?.name || instance.isDone) this.#changed(instance, trace, name, now);
    if (instance.isDone) this.#ended(instance, trace, event, now);
  }

  #changed(pairing: TracedPairing, trace: OpenTrace, name: string, now: number): void {
    const { state } = trace;
    if (state) {
      const { traceId, rootSpanId } = traceContextOf(pairing);
      this.#deps.ended([{ ...state, traceId, parentSpanId: rootSpanId, end: now, attributes: {} }]);
    }
    trace.state = pairing.isDone ? undefined : { spanId: newSpanId(), name, start: now };
  }

  #ended(pairing: TracedPairing, { start, events }: OpenTrace, event: object, now: number): void {
    this.#open.delete(pairing);
    const { traceId, rootSpanId, parentSpanId } = traceContextOf(pairing);
    const { type, reason = REASONS[type] } = event as { type: string; reason?: string };
    const hasFailed = reason === 'failed';
    const here = SIDES.filter((side) => this.#deps.isHere(pairing, side));
    const clients = here.map((side) => ({
      ...{ traceId, spanId: newSpanId(), parentSpanId: rootSpanId, name: side, start, end: now },
      ...{ attributes: { 'pairlane.client.id': pairing[side].id }, events: events[side] },
    }));
    const { epoch, initiator, responder } = pairing;
    const attributes = {
      'pairlane.pairing.epoch': epoch,
      'pairlane.pairing.end': reason,
      'pairlane.initiator.id': initiator.id,
      'pairlane.responder.id': responder.id,
    };
    // A pairing that moved goes on elsewhere, and is reported there.
    const whole = here.includes('initiator') && type !== 'MOVED';
    const root = {
      ...{
        traceId,
        spanId: rootSpanId,
        ...(parentSpanId !== undefined && { parentSpanId }),
        name: 'pairing',
      },
      ...{ start, end: now, attributes, hasFailed },
    };
    this.#deps.ended(whole ? [...clients, root] : clients);
  }
}

/** `negotiating.offered` for a nested state. */
function pathOf(state: StateValue): string {
  if (typeof state === 'string') return state;
  const [[parent, child]] = Object.entries(state) as [[string, StateValue]];
  return `${parent}.${pathOf(child)}`;
}

/** For events that end a pairing without a reason of their own. */
const REASONS: Readonly<Record<string, string>> = { UNPAIR_RECEIVED: 'unpaired', MOVED: 'moved' };

function noEvents(): Record<TracedSide, SpanEvent[]> {
  return { initiator: [], responder: [] };
}
