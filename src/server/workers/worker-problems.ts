/** What does not go with several workers. */
import { listenAddresses } from '../../common/listen-address.ts';
import type { ServerOptions } from '../options.ts';

/** A line for each option that does not go with several workers. */
export function workerProblems(options: ServerOptions): string[] {
  const { rooms, relayPort, relayConnect, shell, host } = options;
  const isUnix = listenAddresses(host).some(({ kind }) => kind === 'unix');
  return [
    // A Socket.IO client that polls asks any worker, and a game is known to one.
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
