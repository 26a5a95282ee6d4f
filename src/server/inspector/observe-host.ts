/**
 * Allows more than one listener on a host's single observer. When the last listener leaves, the observer is removed, so
 * that the host is as fast as one that was never observed.
 */
import type { Observer } from '../../machines/index.ts';

interface Tappable<Instance> {
  observer: Observer<Instance> | undefined;
}

interface Taps {
  readonly base: Observer<never> | undefined;
  readonly listeners: Set<Observer<never>>;
}

const tapsOf = new WeakMap<object, Taps>();

/**
 * Listens to a host's steps.
 * @returns a function that stops it
 */
export function observeHost<Instance>(host: Tappable<Instance>, listener: Observer<Instance>): () => void {
  let taps = tapsOf.get(host);
  if (!taps) {
    const created = {
      base: host.observer as Observer<never> | undefined,
      listeners: new Set<Observer<never>>(),
    };
    taps = created;
    tapsOf.set(host, taps);
    host.observer = (step) => {
      created.base?.(step as never);
      for (const each of created.listeners) each(step as never);
    };
  }
  const { base, listeners } = taps;
  listeners.add(listener as Observer<never>);
  return () => {
    listeners.delete(listener as Observer<never>);
    if (listeners.size > 0 || !tapsOf.has(host)) return;
    tapsOf.delete(host);
    host.observer = base as Observer<Instance> | undefined;
  };
}
