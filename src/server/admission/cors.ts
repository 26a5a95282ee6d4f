/** Which pages of other origins may read an answer; one that may not is logged, since it sees only that something failed. */
import type { Answer } from '../http/answer.ts';
import type { HttpRequest, HttpResponse } from '../http/shell/shell.ts';
import { readFacts } from './request-facts.ts';
import type { SocketRouteDeps } from './serve-sockets.ts';

export function corsHeaders(
  { admission, telemetry }: Omit<SocketRouteDeps, 'options'>,
  res: HttpResponse,
  req: HttpRequest,
): NonNullable<Answer['headers']> {
  const facts = readFacts(res, req);
  const [origin, host] = [facts.headers.get('origin') ?? '', facts.headers.get('host') ?? ''];
  if (!admission.origins.mayConnect(origin, host)) {
    telemetry.metrics.refused.add('origin');
    admission.logPage(origin, host, admission.addressOf(facts));
  }
  return admission.origins.corsHeaders(origin, host);
}
