/**
 * A server without its own port: it runs on another program's HTTP server, below a path. Everything outside that path
 * still goes to that program, including its own WebSockets.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { Server as SecureServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { bracketed } from '../../../common/listen-address.ts';
import { httpRules } from '../../admission/http-rules.ts';
import { plainResponse } from '../../http/shell/ws/plain-response.ts';
import { WsApp } from '../../http/shell/ws/ws-app.ts';
import { closeFramesRead, type ListenDeps, type Listening } from './listen.ts';
import { addRoutes, type SocketHandlers } from './routes.ts';

type RequestListener = (request: IncomingMessage, response: ServerResponse) => void;
type UpgradeListener = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** @param server of `node:http` or `node:https`; it need not be listening yet */
export async function listenAttached(
  server: Server,
  deps: ListenDeps,
  handlers: SocketHandlers,
): Promise<Listening> {
  const { options, admission, telemetry } = deps;
  const { basePath } = options;
  const rules = httpRules({ options, admission, telemetry });
  telemetry.metrics.httpConnections = () => rules.connections.open;
  const app = new WsApp();
  addRoutes(app, deps, handlers, rules);
  const isOurs = ({ url = '' }: IncomingMessage) => {
    const path = url.split('?')[0] ?? '';
    return path === basePath || path.startsWith(`${basePath}/`);
  };

  let isAttached = true;
  const others = server.listeners('request') as RequestListener[];
  const request: RequestListener = (req, res) => {
    if (isAttached && isOurs(req)) app.serve(req, res);
    else for (const other of others) other.call(server, req, res);
  };
  server.removeAllListeners('request');
  server.on('request', request);

  const upgrade: UpgradeListener = (req, socket, head) => {
    if (isOurs(req)) app.upgrade(req, socket as Socket, head);
    // Without us there would be no upgrade listener, and this would have been an ordinary request.
    else if (server.listenerCount('upgrade') === 1) answerPlainly(server, req, socket as Socket);
  };
  server.on('upgrade', upgrade);

  telemetry.log.info({ event: 'shell_loaded' }, 'Running on ws, on the HTTP server of another program');
  return {
    get port() {
      return addressOf(server).port;
    },
    get url() {
      const { address, port } = addressOf(server);
      const scheme = server instanceof SecureServer ? 'wss' : 'ws';
      return `${scheme}://${bracketed(address)}:${port}${basePath}/`;
    },
    places: `${basePath || '/'} of another program's HTTP server`,
    renewCertificate: async () => false,
    async close(hasClients) {
      server.off('upgrade', upgrade);
      await closeFramesRead(hasClients);
      isAttached = false;
      // Another server may have been attached after this one; it then holds our listener, which calls the program's
      // own.
      if (server.listeners('request').includes(request)) {
        server.off('request', request);
        for (const other of others) server.on('request', other);
      }
      app.close();
    },
  };
}

/** A server that is not listening yet, or listens on a Unix socket, has no port. */
function addressOf(server: Server): Pick<AddressInfo, 'address' | 'port'> {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address : { address: 'localhost', port: 0 };
}

function answerPlainly(server: Server, request: IncomingMessage, socket: Socket): void {
  socket.on('error', () => socket.destroy());
  const response = plainResponse(request, socket);
  if (response) server.emit('request', request, response);
}
