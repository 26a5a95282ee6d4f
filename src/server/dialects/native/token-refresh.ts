/** `refresh_token`: a newer token of the same client replaces the grants of the old one. */
import type { Authenticator, TokenVerdict } from '../../admission/tokens/authenticator.ts';
import { type Grants, publicIdOf } from '../../admission/tokens/grants.ts';
import type { ServerSession } from '../../signaling/session.ts';
import type { Sessions } from '../../signaling/sessions.ts';

export class TokenRefresh {
  readonly #authenticator: Authenticator | undefined;
  readonly #sessions: Sessions;
  /** One request at a time, since the authenticator may be asking another server. */
  readonly #pending = new WeakSet<ServerSession>();

  /** @param authenticator undefined on a server without tokens, where `refresh_token` changes nothing */
  constructor(authenticator: Authenticator | undefined, sessions: Sessions) {
    this.#authenticator = authenticator;
    this.#sessions = sessions;
  }

  /** @param failed called if handling the authenticator's answer throws */
  refresh(session: ServerSession, token: string, failed: (error: unknown) => void): void {
    if (!this.#authenticator) return;
    if (this.#pending.has(session)) {
      session.refuse({
        code: 'request_pending',
        message: 'Your last token has no answer yet; wait for that',
        for: 'refresh_token',
      });
      return;
    }
    this.#pending.add(session);
    void this.#authenticator
      .authenticate({ token, address: session.address, wants: 'refresh' })
      .finally(() => this.#pending.delete(session))
      .then((verdict) => this.#answered(session, verdict))
      .catch(failed);
  }

  #answered(session: ServerSession, verdict: TokenVerdict): void {
    if (session.isDone) return;
    if ('refusal' in verdict) session.refuse({ ...verdict.refusal, for: 'refresh_token' });
    else if (isOfSame(session, verdict.grants)) this.#sessions.accept(session, verdict.grants);
    else
      session.refuse({
        code: 'token_invalid',
        message: 'That token is for another app or another id (`sub`), than your session',
        for: 'refresh_token',
      });
  }
}

function isOfSame({ id, grants }: ServerSession, { app, sub }: Grants): boolean {
  return app === grants.app && (sub === undefined ? grants.sub === undefined : sub === publicIdOf(id));
}
