/** Checks for options that cannot be combined with several workers. */
import { listenAddresses } from '../../common/listen-address.ts';
import type { ServerOptions } from '../options.ts';

/** @returns a line for each option that cannot be combined with several workers */
export function workerProblems(options: ServerOptions): string[] {
  const { rooms, relayPort, relayConnect, shell, host } = options;
  const isUnix = listenAddresses(host).some(({ kind }) => kind === 'unix');
  return [
    // A polling Socket.IO client may reach any worker, but only one knows its game.
    ...(rooms
      ? [
          '--rooms: not with --workers, which do not share games; start another `pairlane serve --rooms` for them',
        ]
      : []),
    ...(relayPort !== undefined || relayConnect !== undefined
      ? ['--workers: with other machines they need --nats; not with --relay-port and --relay-connect']
      : []),
    ...(isUnix && shell !== 'ws' ? ['--workers: only --shell ws shares a Unix socket among them'] : []),
  ];
}
