/** Loads the shell that a server runs with: uWebSockets.js if it loads, unless another one is asked for. */
import type { Shell, ShellName } from './shell.ts';
import { createUwsShell } from './uws.ts';

export type ShellChoice = ShellName | 'auto';

export interface LoadedShell {
  readonly shell: Shell;
  /** Which shell it is and why, for the log. */
  readonly message: string;
}

/** @throws when uWebSockets.js is asked for and does not load */
export async function loadShell(choice: ShellChoice): Promise<LoadedShell> {
  if (choice === 'uws')
    return { shell: createUwsShell(), message: 'Running on uWebSockets.js, as --shell says' };
  if (choice === 'ws') return { shell: await wsShell(), message: 'Running on ws, as --shell says' };
  try {
    return { shell: createUwsShell(), message: 'Running on uWebSockets.js, which loads here' };
  } catch (error) {
    const why = (error as Error).message.replace(/\s+/g, ' ');
    return { shell: await wsShell(), message: `Running on ws, which is slower: ${why}` };
  }
}

/** Loaded only by a server that uses it. */
async function wsShell(): Promise<Shell> {
  const { createWsShell } = await import('./ws/ws-shell.ts');
  return createWsShell();
}
