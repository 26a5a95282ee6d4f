/**
 * `POST /drain`, for a hook that cannot send a signal. It takes no password, so it is limited to those who could send
 * this process a signal: the request must come from this machine, address it by a name of this machine, pass no
 * forwarding proxy, and come from no web page of another site.
 */

import { isCrossSite, isLocal, readFacts } from '../admission/request-facts.ts';
import { answer as answerHttp, TEXT } from '../http/answer.ts';
import type { App, HttpResponse } from '../http/shell/shell.ts';

export interface DrainRouteDeps {
  readonly drainMs: () => number;
  readonly drain: () => void;
}

export function addDrainRoute(app: App, { drainMs, drain }: DrainRouteDeps): void {
  app.post('/drain', (res, req) => {
    res.onAborted(() => {});
    const allowed = drainMs();
    const facts = readFacts(res, req);
    if (!isLocal(facts) || isCrossSite(facts)) {
      answer(res, '403 Forbidden', 'Only from this machine itself: curl -X POST http://127.0.0.1:PORT/drain');
    } else if (allowed === 0) {
      answer(
        res,
        '409 Conflict',
        'There is no time to drain in: start the server with --drain-ms MILLISECONDS.',
      );
    } else {
      answer(res, '202 Accepted', `Draining: everybody is gone within ${allowed} ms.`);
      drain();
    }
  });
}

function answer(res: HttpResponse, status: string, text: string): void {
  answerHttp(res, { status, headers: [TEXT], body: `${text}\n` });
}
