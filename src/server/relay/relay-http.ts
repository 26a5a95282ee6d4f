/** A relay server's HTTP port: what it knows of the network, as JSON. */
import {
  App,
  EXCLUSIVE_PORT,
  type us_listen_socket,
  us_listen_socket_close,
  us_socket_local_port,
} from '../uws.ts';
import type { RelayView } from './relay-view.ts';

export interface RelayHttp {
  readonly port: number;
  close(): void;
}

/**
 * Serves `GET /api/relay` and `GET /healthz`.
 * @param port 0 for any that is free
 * @throws when the port is taken, or the address is none of this machine
 */
export function serveRelayHttp(host: string, port: number, view: () => RelayView): Promise<RelayHttp> {
  const app = App();
  app.get('/api/relay', (res) => {
    res.cork(() => {
      res
        .writeHeader('content-type', 'application/json; charset=utf-8')
        .writeHeader('cache-control', 'no-store')
        .writeHeader('x-content-type-options', 'nosniff')
        .end(JSON.stringify(view()));
    });
  });
  app.get('/healthz', (res) => {
    res.writeHeader('content-type', 'text/plain').end('ok\n');
  });
  app.any('/*', (res) => {
    res.writeStatus('404 Not Found').end('There is nothing here; try /api/relay.\n');
  });
  return new Promise((resolve, reject) => {
    const listening = (socket: us_listen_socket | false) => {
      if (socket)
        resolve({
          port: us_socket_local_port(socket as never),
          close: () => {
            us_listen_socket_close(socket);
            app.close();
          },
        });
      else
        reject(
          new Error(
            `Cannot listen on ${host}:${port} for HTTP: the port is taken, or the address is none of this machine. Choose others with --http-port and --host`,
          ),
        );
    };
    // The typings lack the variant that takes both a host and options.
    (app.listen as unknown as ListenWithOptions).call(app, host, port, EXCLUSIVE_PORT, listening);
  });
}

type ListenWithOptions = (
  host: string,
  port: number,
  options: number,
  listening: (socket: us_listen_socket | false) => void,
) => void;
