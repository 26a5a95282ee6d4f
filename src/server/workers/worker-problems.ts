/** What does not go with several workers. */
import { listenAddresses } from '../../common/listen-address.ts';
import type { ServerOptions } from '../options.ts';

/** A line for each option that does not go with several workers. */
export function workerProblems(options: ServerOptions): string[] {
  const { rooms, peerjs, relayPort, relayConnect, shell, host } = options;
  const isUnix = listenAddresses(host).some(({ kind }) => kind === 'unix');
  return [
    ...(rooms ? ['--rooms: not with --workers, because its clients ask now one worker, now another'] : []),
    ...(peerjs ? ['--peerjs: not with --workers, whose clients of PeerJS would not reach each other'] : []),
    ...(relayPort !== undefined || relayConnect !== undefined
      ? ['--workers: with other machines they need --nats; not with --relay-port and --relay-connect']
      : []),
    ...(isUnix && shell !== 'ws' ? ['--workers: only --shell ws shares a Unix socket among them'] : []),
  ];
}
