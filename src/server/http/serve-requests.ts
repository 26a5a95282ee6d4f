/**
 * Serves requests of any method with a bounded body, answered asynchronously: everything needed of a request is read at
 * once.
 */
import { type Answer, answer, answerLater } from './answer.ts';
import type { App, HttpRequest, HttpResponse } from './shell/shell.ts';

export interface PlainRequest {
  /** In lower case. */
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly body: Buffer;
}

export interface RequestRules {
  readonly maxBodyBytes: number;
  /** The answer to a body that is too large. */
  readonly tooLarge: Answer;
  /** Checked before the body is read; undefined: go on. */
  readonly refusalOf: (res: HttpResponse, req: HttpRequest) => Answer | undefined;
  readonly answerTo: (request: PlainRequest) => Promise<Answer>;
}

export function serveRequests(app: App, path: string, rules: RequestRules): void {
  const { maxBodyBytes, tooLarge, refusalOf, answerTo } = rules;
  app.any(path, (res, req) => {
    const method = req.getMethod();
    const isHead = method === 'head';
    const refusal = refusalOf(res, req);
    if (refusal) {
      answer(res, refusal, isHead);
      return undefined;
    }
    const facts = { method, path: req.getUrl(), query: req.getQuery() ?? '' };
    const found = readBody(res, maxBodyBytes).then((body) =>
      body ? answerTo({ ...facts, body }) : tooLarge,
    );
    return answerLater(res, found, isHead);
  });
}

/**
 * @returns undefined if the body is larger; never resolves if the request is aborted, since nobody waits for the answer
 */
function readBody(res: HttpResponse, maxBytes: number): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    res.onData((chunk, isLast) => {
      bytes += chunk.byteLength;
      if (bytes > maxBytes) {
        chunks.length = 0;
        resolve(undefined);
        return;
      }
      // A copy, because uWebSockets.js reuses the memory.
      chunks.push(Buffer.from(chunk.slice(0)));
      if (isLast) resolve(Buffer.concat(chunks));
    });
  });
}
