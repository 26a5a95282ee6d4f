/** Telling a user of an event. */
import type { EventEmitter } from 'eventemitter3';

/**
 * A listener that throws is its owner's fault, and must not interrupt a step of ours: what it threw is thrown after it.
 * @returns whether anybody listened
 */
export function tell<Events extends object, Name extends keyof Events>(
  emitter: EventEmitter<Events & EventEmitter.ValidEventTypes>,
  name: Name,
  ...args: Events[Name] extends (...args: infer Args) => void ? Args : never
): boolean {
  try {
    return (emitter as unknown as EventEmitter).emit(name as string, ...args);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
    return true;
  }
}
