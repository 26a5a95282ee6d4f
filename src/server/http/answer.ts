/**
 * Plain HTTP, answered in one way: one answer a connection, for GET and HEAD alike. uWebSockets.js answers pipelined
 * requests as fast as they come and keeps what the client does not read; a connection that ends with its answer leaves
 * nothing to keep.
 */
import type { App, HttpRequest, HttpResponse } from './shell/shell.ts';

export interface Answer {
  /** `200 OK` when it is left out. */
  readonly status?: string;
  readonly headers?: readonly (readonly [name: string, value: string])[];
  readonly body?: string | Buffer;
}

export const TEXT = ['content-type', 'text/plain; charset=utf-8'] as const;
export const NOT_KEPT = ['cache-control', 'no-store'] as const;

/**
 * Answers, and ends the connection once the client has read it.
 * @param isHead only says how long the body is. To uWebSockets.js such an answer stays unfinished: it ends the
 * connection at the next request, or when the client does.
 */
export function answer(res: HttpResponse, { status, headers = [], body = '' }: Answer, isHead = false): void {
  if (isHead) res.onAborted(() => {});
  res.cork(() => {
    if (status !== undefined) res.writeStatus(status);
    for (const [name, value] of headers) res.writeHeader(name, value);
    if (isHead) res.endWithoutBody(Buffer.byteLength(body), true);
    else res.end(body, true);
  });
}

/**
 * Serves a path for GET and HEAD.
 * @param find the answer, or the promise of one
 */
export function serveGet(
  app: App,
  path: string,
  find: (req: HttpRequest, res: HttpResponse) => Answer | Promise<Answer>,
): void {
  const serve = (isHead: boolean) => (res: HttpResponse, req: HttpRequest) => {
    const found = find(req, res);
    if (found instanceof Promise) answerLater(res, found, isHead);
    else answer(res, found, isHead);
  };
  app.get(path, serve(false));
  app.head(path, serve(true));
}

/** What every other path gets. */
export function serveNothingElse(app: App, hint: string): void {
  app.any('/*', (res, req) =>
    answer(res, { status: '404 Not Found', headers: [TEXT], body: hint }, req.getMethod() === 'head'),
  );
}

/** uWebSockets.js ends the process when an answer that comes later has nobody who is told of an abort. */
export function answerLater(res: HttpResponse, found: Promise<Answer>, isHead: boolean): void {
  let isGone = false;
  const unlessGone = (given: Answer) => {
    if (!isGone) answer(res, given, isHead);
  };
  res.onAborted(() => {
    isGone = true;
  });
  found.then(unlessGone, () => unlessGone({ status: '500 Internal Server Error', headers: [TEXT] }));
}
