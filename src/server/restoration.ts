/**
 * After a restart: sessions and pairings come back from what their clients say. That the id was its own a client
 * proves with its secret; that two were paired counts only when both say so. The first one back waits, paired with a
 * session that is away: what it sends waits there, and if the other one never comes, or says otherwise, that is the end
 * of the pairing, as for any peer that does not come back.
 */
import type { ClientMessageOf } from '../protocol/index.ts';
import type { Outbox } from './outbox.ts';
import type { PairingHost } from './router.ts';
import { ServerPairing, type ServerSession } from './sessions.ts';

/** What a client says of its pairing; the id is the peer's. */
export type Claim = NonNullable<ClientMessageOf<'resume'>['pairing']>;

export interface RestorationShell {
  readonly sessions: Map<string, ServerSession>;
  readonly outbox: Outbox;
  readonly pairingHost: () => PairingHost;
  readonly startPairing: (pairing: ServerPairing) => void;
  /** A session of that id whose client is not here. */
  readonly createAway: (id: string) => ServerSession;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export class Restoration {
  readonly #shell: RestorationShell;

  constructor(shell: RestorationShell) {
    this.#shell = shell;
  }

  /** A client is back on a server that had forgotten it: its pairing is made again, or ended where it is contested. */
  claimed(session: ServerSession, claim: Claim | undefined): void {
    const { pairing } = session;
    if (pairing?.isRestored && !isOf(pairing, session, claim)) {
      this.#shell
        .pairingHost()
        .send(pairing, { type: 'PEER_LOST', from: session.side, reason: 'disconnected' });
    }
    if (claim && !session.pairing) this.#restore(session, claim);
  }

  #restore(session: ServerSession, { peer_id, epoch, initiator }: Claim): void {
    if (peer_id === session.id || !UUID.test(peer_id)) return;
    const peer = this.#shell.sessions.get(peer_id);
    if (peer) {
      // It is here, and did not say that it was paired with this one.
      this.#shell.outbox.send(session, { type: 'peer_disconnected', peer_id, reason: 'disconnected' });
      return;
    }
    const away = this.#shell.createAway(peer_id);
    this.#shell.startPairing(
      initiator
        ? new ServerPairing(session, away, epoch, true)
        : new ServerPairing(away, session, epoch, true),
    );
  }
}

function isOf({ a, b, epoch }: ServerPairing, session: ServerSession, claim: Claim | undefined): boolean {
  const peer = session === a ? b : a;
  return claim?.peer_id === peer.id && claim.epoch === epoch && claim.initiator === (session === a);
}
