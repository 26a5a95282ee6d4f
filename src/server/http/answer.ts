/**
 * Plain HTTP answers: one answer per connection, the same for GET and HEAD. uWebSockets.js answers pipelined requests
 * as fast as they arrive and keeps what the client does not read; a connection that ends with its answer leaves nothing
 * to keep.
 */
import type { App, HttpRequest, HttpResponse } from './shell/shell.ts';

export interface Answer {
  /** `200 OK` if left out. */
  readonly status?: string;
  readonly headers?: readonly (readonly [name: string, value: string])[];
  readonly body?: string | Buffer;
}

export const TEXT = ['content-type', 'text/plain; charset=utf-8'] as const;
/** Says nothing of the bug that it is for. */
export const FAILED: Answer = { status: '500 Internal Server Error', headers: [TEXT] };
export const NOT_KEPT = ['cache-control', 'no-store'] as const;

/**
 * Sends the answer, and ends the connection once the client has read it.
 * @param isHead sends only the length of the body. uWebSockets.js considers such an answer unfinished, and ends the
 * connection at the next request or when the client does.
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
 * @param find returns the answer, or a promise of it
 */
export function serveGet(
  app: App,
  path: string,
  find: (req: HttpRequest, res: HttpResponse) => Answer | Promise<Answer>,
): void {
  const serve = (isHead: boolean) => (res: HttpResponse, req: HttpRequest) => {
    const found = find(req, res);
    if (found instanceof Promise) return answerLater(res, found, isHead);
    answer(res, found, isHead);
  };
  app.get(path, serve(false));
  app.head(path, serve(true));
}

/** Answers every other path with 404. */
export function serveNothingElse(app: App, hint: string): void {
  app.any('/*', (res, req) =>
    answer(res, { status: '404 Not Found', headers: [TEXT], body: hint }, req.getMethod() === 'head'),
  );
}

/**
 * Answers later. uWebSockets.js ends the process if nothing listens for the abort of a request that is answered later.
 * @returns rejected if the answer is, after it was answered with 500
 */
export async function answerLater(res: HttpResponse, found: Promise<Answer>, isHead: boolean): Promise<void> {
  let isGone = false;
  const unlessGone = (given: Answer) => {
    if (!isGone) answer(res, given, isHead);
  };
  res.onAborted(() => {
    isGone = true;
  });
  try {
    unlessGone(await found);
  } catch (error) {
    unlessGone(FAILED);
    throw error;
  }
}
