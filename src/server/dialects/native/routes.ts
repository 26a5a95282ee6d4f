/** Sets up an app with all its routes: native WebSockets, files, health, metrics, and the routes of other parts. */
import { documentNames } from '../../../contract/documents.ts';
import { NO_TIMER } from '../../../machines/index.ts';
import { corsHeaders } from '../../admission/cors.ts';
import { upgradeRequestOf } from '../../admission/request-facts.ts';
import { type SocketRoute, type SocketRouteDeps, serveSockets } from '../../admission/serve-sockets.ts';
import { serveGet, serveNothingElse, TEXT } from '../../http/answer.ts';
import { containFailures } from '../../http/contain-failures.ts';
import type { App } from '../../http/shell/shell.ts';
import { type ServedFile, serveFiles } from '../../http/static-files.ts';
import { type AppWatch, watchApp } from '../../http/watch-app.ts';
import { failedRequests } from '../../telemetry/failed-requests.ts';
import { refuseUnserved } from '../unserved-dialects.ts';
import type { SocketData, SocketKind } from './native-client.ts';

export interface SocketHandlers extends Omit<SocketRoute<SocketData>, 'dataOf'> {
  /** Whether the authenticator inspects upgrade requests. */
  readonly keepsRequests?: boolean;
}

export interface RouteDeps extends SocketRouteDeps {
  /** Adds the routes of other parts. */
  readonly addRoutes: (app: App) => void;
}

/** The browser client, the module for connections of others, the test page, and the protocol documents. */
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
  {
    path: '/pairlane-watch.js',
    file: 'browser/pairlane-watch.js',
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

/** Adds all routes to an empty app. */
export function addRoutes(app: App, deps: RouteDeps, handlers: SocketHandlers, rules: AppWatch): void {
  const { options, telemetry } = deps;
  const { metrics } = telemetry;
  const wantsEvidence = options.inspect || options.record !== undefined;
  containFailures(app, failedRequests(telemetry.log, metrics));
  watchApp(app, rules);
  serveSockets<SocketData>(app, '/*', deps, {
    claimsOf(req) {
      const isReturning = kindOf(req.getQuery('resume')) === 'back';
      return { isReturning, hasPlace: isReturning };
    },
    dataOf: (req, address, token) => ({
      client: undefined,
      address,
      ...wishesIn((name) => req.getQuery(name), options.maxPeersPerClient),
      givesEvidence: wantsEvidence ? evidenceLevel(req.getQuery('evidence')) : 0,
      token,
      ...(handlers.keepsRequests && { request: upgradeRequestOf(req) }),
      timer: NO_TIMER,
    }),
    opened: (socket) => handlers.opened(socket),
    received: (socket, bytes, isBinary) => handlers.received(socket, bytes, isBinary),
    controlled: (socket, bytes) => handlers.controlled(socket, bytes),
    closed: (socket, code) => handlers.closed(socket, code),
  });
  serveGet(app, '/healthz', () => ({ headers: [TEXT], body: 'ok\n' }));
  serveGet(app, '/metrics', async () => ({
    headers: [['content-type', metrics.contentType]],
    body: await metrics.text(),
  }));
  serveFiles(app, FILES, {
    corsHeaders: (req, res) => corsHeaders(deps, res, req),
  });
  deps.addRoutes(app);
  if (options.basePath !== '') addRedirect(app, options.basePath);
  refuseUnserved(app, deps);
  serveNothingElse(app, 'There is nothing here.\n');
}

function evidenceLevel(asked: string | undefined): 0 | 1 | 2 {
  return asked === '2' ? 2 : asked === '1' ? 1 : 0;
}

/** Redirects the base path without its final slash, since a page's relative links would break there. */
function addRedirect(app: App, basePath: string): void {
  const name = basePath.slice(basePath.lastIndexOf('/') + 1);
  serveGet(app, '', () => ({ status: '308 Permanent Redirect', headers: [['location', `${name}/`]] }));
}

/**
 * What a client's URL asks for.
 * @param query returns the value of a query field
 * @param most how many peers the server allows per client
 */
export function wishesIn(
  query: (name: string) => string | undefined,
  most: number,
): Pick<SocketData, 'kind' | 'isKeyOnly' | 'peers'> {
  return {
    kind: kindOf(query('resume')),
    isKeyOnly: query('pair') === 'key',
    peers: peersIn(query('peers'), most),
  };
}

/**
 * `?pair=key`: the client cannot be paired by its id. `?resume=1` asks for a resumable session; `?resume=back` comes
 * back to one.
 */
function kindOf(resume: string | undefined): SocketKind {
  return resume === 'back' ? 'back' : resume === '1' ? 'resumable' : 'plain';
}

/** `?peers=N`: how many peers a client may have at once, limited by the server; an invalid value counts as 1. */
function peersIn(said: string | undefined, most: number): number | undefined {
  if (said === undefined) return undefined;
  return /^[1-9]\d{0,8}$/.test(said) ? Math.min(Number(said), most) : 1;
}
