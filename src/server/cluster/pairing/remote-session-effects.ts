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
  /** Its peer is told only what it does not know. */
  const tell = (remote: RemoteSession, isMissed: boolean) => {
    if (remote.isMissed !== isMissed) remote.peer?.notify(isMissed ? 'peer_away' : 'peer_back', remote.id);
    remote.isMissed = isMissed;
  };
  return {
    announceAway: (remote) => tell(remote, true),
    announceBack: (remote) => tell(remote, false),
    losePeer: (remote) => lose(remote, remote.isResumable ? 'timed_out' : 'disconnected'),
  };
}
