/** Who may look at programs and who may report them: only this machine itself, as for the inspector. */
import { isLocal, readFacts } from '../admission/request-facts.ts';
import { type Answer, answer } from '../http/answer.ts';
import type { HttpRequest, HttpResponse, WebSocketBehavior } from '../http/shell/shell.ts';
import { forbidden } from '../inspector/access.ts';

const REFUSAL = 'This is open to its own machine only, by its own name, and to no page of another site.\n';

/**
 * The answer if access is not allowed; otherwise undefined.
 * @param origins whose pages are allowed, too; each like http://localhost:3000
 */
export function refusalFor(
  res: HttpResponse,
  req: HttpRequest,
  origins: readonly string[] = [],
): Answer | undefined {
  const facts = readFacts(res, req);
  const headers = new Map(facts.headers);
  if (origins.includes(headers.get('origin') ?? '')) headers.delete('origin');
  return forbidden(isLocal({ ...facts, headers }) ? undefined : REFUSAL);
}

/**
 * Opens a socket if access is allowed, and otherwise answers.
 * @param dataOf returns what is kept with the socket
 * @param origins as for {@link refusalFor}
 */
export function upgradeFor<Data>(
  dataOf: () => Data,
  origins: readonly string[] = [],
): NonNullable<WebSocketBehavior<Data>['upgrade']> {
  return (res, req, context) => {
    const refusal = refusalFor(res, req, origins);
    if (refusal) answer(res, refusal);
    else
      res.upgrade<Data>(
        dataOf(),
        req.getHeader('sec-websocket-key'),
        req.getHeader('sec-websocket-protocol'),
        req.getHeader('sec-websocket-extensions'),
        context,
      );
  };
}
