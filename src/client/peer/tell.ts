/** Emits events to the user. */
import type { EventEmitter } from 'eventemitter3';

/**
 * A listener that throws must not interrupt our step, so its exception is thrown again afterwards.
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
