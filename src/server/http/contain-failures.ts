/**
 * Keeps a bug in what answers a request from ending the process, and everybody's session with it: an exception that
 * escapes a handler of an HTTP server does. The request is answered with 500.
 */
import { answer, FAILED } from './answer.ts';
import type { App, HttpRequest, HttpResponse } from './shell/shell.ts';

/** @param route the pattern of the path: what was asked for may contain secrets */
export type Failed = (route: string, error: unknown) => void;

const METHODS = ['get', 'head', 'post', 'any'] as const;

/** Must be called before routes are added. */
export function containFailures(app: App, failed: Failed): void {
  const contained = <Args extends [HttpResponse, HttpRequest, ...unknown[]]>(
    route: string,
    handle: (...args: Args) => void | Promise<void>,
  ) => {
    return (...args: Args) => {
      const [res, req] = args;
      const isHead = req.getMethod() === 'head';
      try {
        // What fails later has been answered by then.
        handle(...args)?.catch((error) => failed(route, error));
      } catch (error) {
        failed(route, error);
        answerFailure(res, isHead);
      }
    };
  };
  for (const method of METHODS) {
    const add = app[method].bind(app);
    app[method] = (path, handler) => add(path, contained(path, handler));
  }
  const addSockets = app.ws.bind(app);
  app.ws = (path, behavior) => {
    const { upgrade } = behavior;
    return addSockets(path, { ...behavior, ...(upgrade && { upgrade: contained(path, upgrade) }) });
  };
}

function answerFailure(res: HttpResponse, isHead: boolean): void {
  try {
    answer(res, FAILED, isHead);
  } catch {
    // It was answered before, and may not be touched any more.
  }
}
