/**
 * What every request of an app passes before it reaches a route, and the count of the connections that speak HTTP.
 * Whoever adds routes, Socket.IO too, need not know of it.
 */
import { type Answer, answer } from './answer.ts';
import type { HttpRequest, HttpResponse, TemplatedApp } from './uws.ts';

export interface AppWatch {
  /** TCP connections at once that have not become a WebSocket; 0: no limit. */
  readonly maxConnections: number;
  /** One more was ended before it could ask. */
  readonly full: () => void;
  /** The answer in place of a route's; undefined: the route's. @param isUpgrade it wants to become a WebSocket */
  readonly refusalOf: (res: HttpResponse, req: HttpRequest, isUpgrade: boolean) => Answer | undefined;
}

const METHODS = ['get', 'head', 'post', 'any'] as const;

/**
 * Call it before routes are added.
 * @returns how many TCP connections that are no WebSockets are open
 */
export function watchApp(app: TemplatedApp, { maxConnections, full, refusalOf }: AppWatch): () => number {
  let open = 0;
  const count = (res: HttpResponse, change: number) => {
    open += change;
    if (change < 0 || maxConnections === 0 || open <= maxConnections) return;
    full();
    res.close();
  };
  app.filter((res, change) => count(res, Number(change)));
  for (const method of METHODS) {
    const add = app[method].bind(app);
    app[method] = (path, handler) =>
      add(path, (res, req) => {
        const refusal = refusalOf(res, req, false);
        if (refusal) answer(res, refusal, req.getMethod() === 'head');
        else handler(res, req);
      });
  }
  const addSockets = app.ws.bind(app);
  app.ws = (path, behavior) =>
    addSockets(path, {
      ...behavior,
      upgrade(res, req, context) {
        const refusal = refusalOf(res, req, true);
        if (refusal) answer(res, refusal);
        else behavior.upgrade?.(res, req, context);
      },
      open(socket) {
        // From here on the app's filter says nothing of it, not even its end.
        open -= 1;
        return behavior.open?.(socket);
      },
    });
  return () => open;
}
