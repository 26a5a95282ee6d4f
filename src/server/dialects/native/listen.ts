/** The sockets: one port for WebSocket and HTTP, and an end that reaches everybody. */

import { documentNames } from '../../../contract/documents.ts';
import { NO_TIMER } from '../../../machines/index.ts';
import type { Admission, UpgradeRefusal } from '../../admission/admission.ts';
import { httpRules } from '../../admission/http-rules.ts';
import type { Origins } from '../../admission/origins.ts';
import { answer, serveGet, serveNothingElse, TEXT } from '../../http/answer.ts';
import { maxFrameBytes } from '../../http/frame-limit.ts';
import { openListener } from '../../http/listener.ts';
import { type ServedFile, serveFiles } from '../../http/static-files.ts';
import { createApp } from '../../http/tls.ts';
import type { HttpResponse, TemplatedApp } from '../../http/uws.ts';
import { watchApp } from '../../http/watch-app.ts';
import type { ServerOptions } from '../../options.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import type { RefusalLog } from '../../telemetry/refusal-log.ts';
import type { ClientSocket, SocketData, SocketKind } from './native-client.ts';

export interface SocketHandlers {
  opened(socket: ClientSocket): void;
  /** The bytes are good only until this returns. */
  received(socket: ClientSocket, bytes: ArrayBuffer, isBinary: boolean): void;
  /** A ping or a pong of WebSocket itself came, which a ping is answered with already. @param bytes how many it has */
  controlled(socket: ClientSocket, bytes: number): void;
  /** From here on every method of the socket throws but `getUserData`. */
  closed(socket: ClientSocket, code: number): void;
}

export interface ListenDeps {
  readonly options: ServerOptions;
  readonly admission: Admission;
  readonly origins: Origins;
  readonly refusals: RefusalLog;
  readonly metrics: Metrics;
  readonly handlers: SocketHandlers;
  /** The port was closed for lack of file descriptors, or is open again. */
  readonly portChanged: (isOpen: boolean) => void;
  /** Adds the routes of the parts that have their own. */
  readonly addRoutes: (app: TemplatedApp) => void;
}

export interface Listening {
  readonly app: TemplatedApp;
  readonly port: number;
  /** Takes no new connections and ends the old ones. @param hasClients who get a moment to read their close frame */
  close(hasClients: boolean): Promise<void>;
}

/** The browser client, the page to try it, and the wire as documents. */
const FILES: readonly ServedFile[] = [
  { path: '/', file: 'site/index.html', type: 'text/html; charset=utf-8' },
  { path: '/site.css', file: 'site/site.css', type: 'text/css; charset=utf-8' },
  { path: '/site.js', file: 'site/site.js', type: 'text/javascript; charset=utf-8' },
  {
    path: '/pairlane.js',
    file: 'browser/pairlane.js',
    type: 'text/javascript; charset=utf-8',
    isShared: true,
  },
  ...documentNames.map(
    (name): ServedFile => ({
      path: `/schemas/${name}.json`,
      file: `schemas/${name}.json`,
      type: 'application/json; charset=utf-8',
      isShared: true,
    }),
  ),
];

/** uWebSockets.js's longest; it pings by itself before that, so a client that is silent by design stays. */
const IDLE_TIMEOUT_S = 960;

/** What closing sockets get to read their close frame. */
const CLOSE_GRACE_MS = 200;

/** @throws when the port is taken, the address is none of this machine, or the certificate is none */
export async function listen({
  options,
  admission,
  origins,
  refusals,
  metrics,
  handlers,
  portChanged,
  addRoutes,
}: ListenDeps): Promise<Listening> {
  const { maxUnsentBytes } = options;
  const longestFrame = maxFrameBytes(options.maxMessageBytes);
  const app = createApp(options);
  metrics.httpConnections = watchApp(app, httpRules({ options, origins, refusals, metrics }));
  app.ws<SocketData>('/*', {
    maxPayloadLength: longestFrame,
    // Ours is below it, and says why; only what uWebSockets.js sends by itself, pongs, comes so far.
    maxBackpressure: maxUnsentBytes === 0 ? 0 : maxUnsentBytes + 2 * longestFrame,
    closeOnBackpressureLimit: true,
    idleTimeout: IDLE_TIMEOUT_S,
    sendPingsAutomatically: true,
    upgrade(res, req, context) {
      const verdict = admission.judge(res, req);
      if ('refusal' in verdict) {
        metrics.refused.add(verdict.refusal.kind);
        refuse(res, verdict.refusal);
        return;
      }
      const { address } = verdict;
      res.upgrade<SocketData>(
        {
          client: undefined,
          address,
          kind: kindOf(req.getQuery('resume')),
          isKeyOnly: req.getQuery('pair') === 'key',
          timer: NO_TIMER,
        },
        req.getHeader('sec-websocket-key'),
        req.getHeader('sec-websocket-protocol'),
        req.getHeader('sec-websocket-extensions'),
        context,
      );
    },
    open(socket) {
      admission.opened(socket.getUserData().address);
      handlers.opened(socket);
    },
    message: (socket, bytes, isBinary) => handlers.received(socket, bytes, isBinary),
    ping: (socket, bytes) => handlers.controlled(socket, bytes.byteLength),
    pong: (socket, bytes) => handlers.controlled(socket, bytes.byteLength),
    close(socket, code) {
      admission.closed(socket.getUserData().address);
      handlers.closed(socket, code);
    },
  });
  serveGet(app, '/healthz', () => ({ headers: [TEXT], body: 'ok\n' }));
  serveGet(app, '/metrics', async () => ({
    headers: [['content-type', metrics.contentType]],
    body: await metrics.text(),
  }));
  serveFiles(app, FILES, { corsHeaders: (origin, host) => origins.corsHeaders(origin, host) });
  addRoutes(app);
  serveNothingElse(app, 'There is nothing here.\n');
  const { host, port } = options;
  const listener = await openListener(app, { host, port, changed: portChanged });
  return {
    app,
    port: listener.port,
    async close(hasClients) {
      listener.close();
      if (hasClients) await new Promise((resolve) => setTimeout(resolve, CLOSE_GRACE_MS));
      app.close();
    },
  };
}

/** `?pair=key` is for a client whom nobody may pair with who only knows its id; `?resume=1` asks for a session to come back to, `?resume=back` comes back to it. */
function kindOf(resume: string | undefined): SocketKind {
  return resume === 'back' ? 'back' : resume === '1' ? 'resumable' : 'plain';
}

function refuse(res: HttpResponse, { status, message }: UpgradeRefusal): void {
  answer(res, { status, headers: [TEXT], body: `${message}\n` });
}
