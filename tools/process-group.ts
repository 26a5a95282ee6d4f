/**
 * Who watches a cluster ends it with Ctrl+C, and then the terminal tells every process of the group. A program that
 * wants to end its nodes itself, in order, takes them out of the group, and then none may be left behind.
 */
import type { ChildProcess } from 'node:child_process';

const children = new Set<ChildProcess>();
let isDetached = false;

/** From here on children hear nothing of the terminal, and are killed when this process ends. */
export function endAllAtExit(): void {
  isDetached = true;
  process.on('exit', () => {
    for (const child of children) child.kill('SIGKILL');
  });
}

/** For `spawn`. */
export const groupOptions = () => ({ detached: isDetached });

export function noteChild(child: ChildProcess): void {
  children.add(child);
  child.once('exit', () => children.delete(child));
}
