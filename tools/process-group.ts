/**
 * Ctrl+C makes the terminal signal every process of the group. A program that wants to end its nodes itself, in order,
 * takes them out of the group, and must then leave none behind.
 */
import type { ChildProcess } from 'node:child_process';

const children = new Set<ChildProcess>();
let isDetached = false;

/** From here on children get no signals from the terminal, and are killed when this process ends. */
export function endAllAtExit(): void {
  isDetached = true;
  process.on('exit', () => {
    for (const child of children) child.kill('SIGKILL');
  });
}

/** Options for `spawn`. */
export const groupOptions = () => ({ detached: isDetached });

export function noteChild(child: ChildProcess): void {
  children.add(child);
  child.once('exit', () => children.delete(child));
}
