/** A relay server's HTTP port: what it knows of the network, as JSON. */
import { bind } from '../bind.ts';
import { App, us_listen_socket_close, us_socket_local_port } from '../uws.ts';
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
export async function serveRelayHttp(host: string, port: number, view: () => RelayView): Promise<RelayHttp> {
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
  const socket = await bind(app, host, port, '--http-port');
  return {
    port: us_socket_local_port(socket as never),
    close: () => {
      us_listen_socket_close(socket);
      app.close();
    },
  };
}
