/**
 * What every request of an app passes before it reaches a route, and the count of the connections that speak HTTP.
 * Whoever adds routes, Socket.IO too, need not know of it.
 */
import { type Answer, answer } from './answer.ts';
import type { App, HttpRequest, HttpResponse } from './shell/shell.ts';

export interface AppWatch {
  /** What all paths begin with; empty for none. Whoever adds a route leaves it out. */
  readonly basePath: string;
  /** How many TCP connections that are no WebSockets are open, in all apps of this watch. */
  readonly connections: { open: number };
  /** TCP connections at once that have not become a WebSocket; 0: no limit. */
  readonly maxConnections: number;
  /** One more was ended before it could ask. */
  readonly full: () => void;
  /**
   * A TCP connection was opened. Nobody tells from where one was that is gone, so that its address has its share back
   * when it asks something, or in time.
   * @returns false when its address has opened more than its share without asking anything
   */
  readonly opened: (remote: ArrayBuffer) => boolean;
  /** It asks something, and is closed with the answer, or becomes a WebSocket. */
  readonly asked: (remote: ArrayBuffer) => void;
  /** The answer in place of a route's; undefined: the route's. @param isUpgrade it wants to become a WebSocket */
  readonly refusalOf: (res: HttpResponse, req: HttpRequest, isUpgrade: boolean) => Answer | undefined;
}

const METHODS = ['get', 'head', 'post', 'any'] as const;

/** Call it before routes are added. */
export function watchApp(app: App, watch: AppWatch): void {
  const { basePath, connections, full, opened, asked, refusalOf } = watch;
  const count = (res: HttpResponse, change: number) => {
    connections.open += change;
    if (change < 0 || watch.maxConnections === 0) return;
    const isFull = connections.open > watch.maxConnections;
    if (isFull) full();
    if (isFull || !opened(res.getRemoteAddress())) res.close();
  };
  app.filter((res, change) => count(res, Number(change)));
  for (const method of METHODS) {
    const add = app[method].bind(app);
    app[method] = (path, handler) =>
      add(path === EVERYTHING ? path : `${basePath}${path}`, (res, req) => {
        asked(res.getRemoteAddress());
        const refusal = refusalOf(res, req, false);
        if (refusal) answer(res, refusal, req.getMethod() === 'head');
        else handler(res, req);
      });
  }
  const addSockets = app.ws.bind(app);
  app.ws = (path, behavior) => {
    const watched: typeof behavior = {
      ...behavior,
      upgrade(res, req, context) {
        asked(res.getRemoteAddress());
        const refusal = refusalOf(res, req, true);
        if (refusal) answer(res, refusal);
        else behavior.upgrade?.(res, req, context);
      },
      open(socket) {
        // From here on the app's filter says nothing of it, not even its end.
        connections.open -= 1;
        return behavior.open?.(socket);
      },
    };
    // A pattern with a star does not match the path without its last slash.
    if (basePath !== '' && path === EVERYTHING) addSockets(basePath, watched);
    return addSockets(`${basePath}${path}`, watched);
  };
}

/** Also what is not below the base path. */
const EVERYTHING = '/*';
