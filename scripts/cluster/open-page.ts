/** Opens a page in the user's browser, where there is somebody at a desktop who would see it. */
import { spawn } from 'node:child_process';

export interface Surroundings {
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly isTerminal: boolean;
}

/** The command that opens a URL; undefined without a terminal or a desktop. */
export function openerIn({
  platform,
  env,
  isTerminal,
}: Surroundings): readonly [string, ...string[]] | undefined {
  // Over SSH the browser would open on the other machine.
  if (!isTerminal || env.CI || env.SSH_CONNECTION) return undefined;
  if (platform === 'darwin') return ['open'];
  if (platform === 'win32') return ['explorer'];
  return env.DISPLAY || env.WAYLAND_DISPLAY ? ['xdg-open'] : undefined;
}

/** @returns whether a command to open it was started; whether a browser came is not known */
export function openPage(url: string): boolean {
  const { platform, env, stdout } = process;
  const opener = openerIn({ platform, env, isTerminal: stdout.isTTY === true });
  if (!opener) return false;
  const [command, ...args] = opener;
  const child = spawn(command, [...args, url], { detached: true, stdio: 'ignore' });
  // Without such a command, the URL on the terminal is enough.
  child.on('error', () => {});
  child.unref();
  return true;
}
