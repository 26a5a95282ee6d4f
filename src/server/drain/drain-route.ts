/**
 * `POST /drain`, for a hook that cannot send a signal. Whoever may send one to this process may use it, and nobody
 * else: it takes no password, so it must come from this machine, for this machine's name, through no proxy that speaks
 * for others, and from no web page of another site.
 */

import { answer as answerHttp, TEXT } from '../http/answer.ts';
import type { HttpRequest, HttpResponse, TemplatedApp } from '../http/uws.ts';
import { isLoopback, LOOPBACK_HOST } from '../inspector/access.ts';

export interface DrainRouteDeps {
  readonly drainMs: number;
  readonly drain: () => void;
}

/** Headers in which proxies name whom they speak for. */
const FORWARDED_FOR = ['x-forwarded-for', 'x-real-ip'];

export function addDrainRoute(app: TemplatedApp, { drainMs, drain }: DrainRouteDeps): void {
  app.post('/drain', (res, req) => {
    res.onAborted(() => {});
    if (!isOwnMachine(res, req)) {
      answer(res, '403 Forbidden', 'Only from this machine itself: curl -X POST http://127.0.0.1:PORT/drain');
    } else if (drainMs === 0) {
      answer(
        res,
        '409 Conflict',
        'There is no time to drain in: start the server with --drain-ms MILLISECONDS.',
      );
    } else {
      answer(res, '202 Accepted', `Draining: everybody is gone within ${drainMs} ms.`);
      drain();
    }
  });
}

function isOwnMachine(res: HttpResponse, req: HttpRequest): boolean {
  const host = req.getHeader('host');
  const origin = req.getHeader('origin');
  const site = req.getHeader('sec-fetch-site');
  if (origin !== '' && origin.replace(/^https?:\/\//, '') !== host) return false;
  if (site !== '' && site !== 'same-origin' && site !== 'none') return false;
  if (req.getHeader('forwarded') !== '' || !LOOPBACK_HOST.test(host)) return false;
  const named = FORWARDED_FOR.flatMap((name) => req.getHeader(name).split(','));
  const addresses = [Buffer.from(res.getRemoteAddressAsText()).toString(), ...named.map((hop) => hop.trim())];
  return addresses.every((address) => address === '' || isLoopback(address));
}

function answer(res: HttpResponse, status: string, text: string): void {
  answerHttp(res, { status, headers: [TEXT], body: `${text}\n` });
}
