/** The answers on the port of `--health-port`, the same for a server and for workers. */
import type { Origins } from './admission/origins.ts';
import { type Answer, NOT_KEPT, TEXT } from './http/answer.ts';
import type { HealthAnswer } from './http/health-listener.ts';

export interface HealthAnswersDeps {
  readonly origins: Pick<Origins, 'isServedName'>;
  readonly readiness: () => Answer | Promise<Answer>;
  readonly metrics: () => Promise<{ readonly type: string; readonly text: string }>;
}

const OTHER_NAME: Answer = {
  status: '403 Forbidden',
  headers: [TEXT],
  body: 'Not under that host name (--public-host).\n',
};

export function healthAnswers(deps: HealthAnswersDeps): ReadonlyMap<string, HealthAnswer> {
  const { origins, readiness, metrics } = deps;
  return new Map<string, HealthAnswer>([
    ['/healthz', () => ({ headers: [TEXT], body: 'ok\n' })],
    ['/readyz', readiness],
    [
      '/metrics',
      // As on the clients' port, no page may read the metrics under a name of its own. An HTTP/1.0 program sends no
      // name.
      async (name) => {
        if (name !== '' && !origins.isServedName(name)) return OTHER_NAME;
        const { type, text } = await metrics();
        return { headers: [['content-type', type], NOT_KEPT], body: text };
      },
    ],
  ]);
}
