/** Requests of any method with a bounded body, each answered once, later: what of a request is needed is read at once. */
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
  /** The answer to a larger body. */
  readonly tooLarge: Answer;
  /** What is answered before a body is read; undefined: go on. */
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
      return;
    }
    const facts = { method, path: req.getUrl(), query: req.getQuery() ?? '' };
    const found = readBody(res, maxBodyBytes).then((body) =>
      body ? answerTo({ ...facts, body }) : tooLarge,
    );
    answerLater(res, found, isHead);
  });
}

/** @returns undefined when it is larger; of one that is never whole there is nobody left to be told */
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
      // A copy: uWebSockets.js takes the memory back.
      chunks.push(Buffer.from(chunk.slice(0)));
      if (isLast) resolve(Buffer.concat(chunks));
    });
  });
}
