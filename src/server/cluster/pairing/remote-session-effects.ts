/** What the remote-session machine's effects do. */
import type { Executors, remoteSessionMachine } from '../../../machines/index.ts';
import type { DisconnectReason } from '../../../protocol/index.ts';
import type { RemoteSession } from './remote-session.ts';

export interface RemoteSessionEffectsDeps {
  /** For this node the client is gone. */
  lose(remote: RemoteSession, reason: DisconnectReason): void;
}

export function remoteSessionEffects({
  lose,
}: RemoteSessionEffectsDeps): Executors<typeof remoteSessionMachine, RemoteSession> {
  return {
    announceAway: (remote) => remote.peer?.notify('peer_away', remote.id),
    announceBack: (remote) => remote.peer?.notify('peer_back', remote.id),
    losePeer: (remote) => lose(remote, remote.isResumable ? 'timed_out' : 'disconnected'),
  };
}
