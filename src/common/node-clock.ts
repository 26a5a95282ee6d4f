/** The system's clock in a process: what has come is handled before an immediate, and after a timer. */
import { type Clock, systemClock } from './clock.ts';

export const inNode = { nextTurn: (work: () => void) => void setImmediate(work) };

export const nodeClock: Clock = { ...systemClock, ...inNode };
