/**
 * Checks every request of an app before it reaches a route, and counts its HTTP connections. Code that adds routes,
 * including Socket.IO, need not know of it.
 */
import { type Answer, answer } from './answer.ts';
import type { App, HttpRequest, HttpResponse } from './shell/shell.ts';

export interface AppWatch {
  /** The prefix of all paths; empty: none. Routes are added without it. */
  readonly basePath: string;
  /** How many TCP connections other than WebSockets are open, in all apps of this watch. */
  readonly connections: { open: number };
  /** How many TCP connections may be open at once that have not become a WebSocket; 0: no limit. */
  readonly maxConnections: number;
  /** Called when one more was ended before it could send a request. */
  readonly full: () => void;
  /**
   * A TCP connection was opened. Its end is reported without its address, so the address gets its share back when a
   * request is sent, or over time.
   * @returns false if its address has opened more than its share without sending a request
   */
  readonly opened: (remote: ArrayBuffer) => boolean;
  /** It sends a request, and will be closed after the answer, or becomes a WebSocket. */
  readonly asked: (remote: ArrayBuffer) => void;
  /**
   * An answer in place of the route's; undefined: the route's.
   * @param isUpgrade whether the request is a WebSocket upgrade
   */
  readonly refusalOf: (res: HttpResponse, req: HttpRequest, isUpgrade: boolean) => Answer | undefined;
}

const METHODS = ['get', 'head', 'post', 'any'] as const;

/** Must be called before routes are added. */
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
        if (!refusal) return handler(res, req);
        answer(res, refusal, req.getMethod() === 'head');
      });
  }
  const addSockets = app.ws.bind(app);
  app.ws = (path, behavior) => {
    const watched: typeof behavior = {
      ...behavior,
      upgrade(res, req, context) {
        asked(res.getRemoteAddress());
        const refusal = refusalOf(res, req, true);
        if (!refusal) return behavior.upgrade?.(res, req, context);
        answer(res, refusal);
      },
      open(socket) {
        // From here on the app's filter no longer reports this connection, not even its end.
        connections.open -= 1;
        return behavior.open?.(socket);
      },
    };
    // A pattern with a star does not match the path without its final slash.
    if (basePath !== '' && path === EVERYTHING) addSockets(basePath, watched);
    return addSockets(`${basePath}${path}`, watched);
  };
}

/** Also matches what is outside the base path. */
const EVERYTHING = '/*';
