/**
 * Reports a server's hosted machines in the way that `@statelyai/inspect` reports actors, with the same fields that
 * records keep.
 */
import { redactEvent } from '../../common/redact.ts';
import { inspectWith, type StatelyAdapter } from '../../inspector/stately/inspect-with.ts';
import { observeHost } from '../inspector/observe-host.ts';
import { contextFacts } from '../inspector/record-lines.ts';
import type { Instance, Source } from '../inspector/source.ts';

/** How many instances of each source are reported at the start, before they take a step. */
const MAX_TOLD_AT_ONCE = 1_000;

/** @returns a function that stops it */
export function tellHosted(sources: readonly Source[], adapter: StatelyAdapter): () => void {
  const stops = sources.map((source) => tellSource(source, adapter));
  return () => {
    for (const stop of stops) stop();
  };
}

function tellSource({ machine, host, rowOf, instances }: Source, adapter: StatelyAdapter): () => void {
  // A host has only one observer, which several receivers share.
  const tap: Source['host'] = { machine: host.machine, observer: undefined };
  const nameOf = (instance: Instance) => {
    const { id, epoch } = rowOf(instance);
    return `${machine} ${machine === 'session' || epoch === undefined ? id : epoch}`;
  };
  const stopTelling = inspectWith(tap, adapter, {
    redact: redacted,
    nameOf,
    instances: first(instances(), MAX_TOLD_AT_ONCE),
  });
  const stopObserving = observeHost(host, (step) => tap.observer?.(step));
  return () => {
    stopObserving();
    stopTelling();
  };
}

/** No SDP, address, key or token: only listed fields are kept. */
function redacted(value: unknown): unknown {
  const { type } = value as { type?: unknown };
  return typeof type === 'string' ? redactEvent(value as { type: string }) : contextFacts(value);
}

function* first<T>(items: Iterable<T>, count: number): Iterable<T> {
  let left = count;
  for (const item of items) {
    if (left === 0) return;
    left -= 1;
    yield item;
  }
}
