/** A relay server's HTTP port: what it knows of the network, as JSON and as the inspector's page. */
import { bind } from '../http/bind.ts';
import { App, us_listen_socket_close, us_socket_local_port } from '../http/uws.ts';
import { Inspector } from '../inspector/inspector.ts';
import type { Logger } from '../telemetry/logger.ts';
import { relaySources } from './inspector-sources.ts';
import { relayNetwork } from './relay-network.ts';
import type { RelayServer } from './relay-server.ts';

export interface RelayHttpOptions {
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  readonly log: Logger;
  readonly inspect: boolean;
  readonly inspectToken: string | undefined;
}

export interface RelayHttp {
  readonly port: number;
  readonly inspector: Inspector;
  close(): Promise<void>;
}

/**
 * Serves `GET /api/relay`, `GET /healthz` and `/inspect/`.
 * @throws when the port is taken, or the address is none of this machine
 */
export async function serveRelayHttp(
  server: RelayServer,
  { host, port, log, inspect, inspectToken }: RelayHttpOptions,
): Promise<RelayHttp> {
  const { node, clock } = server;
  const inspector = new Inspector({
    options: { inspect, inspectToken, record: undefined, recordFiles: 0 },
    log,
    clock,
    sources: () => relaySources(node),
    network: () => relayNetwork(node),
  });
  const app = App();
  app.get('/api/relay', (res) => {
    res.cork(() => {
      res
        .writeHeader('content-type', 'application/json; charset=utf-8')
        .writeHeader('cache-control', 'no-store')
        .writeHeader('x-content-type-options', 'nosniff')
        .end(JSON.stringify(server.view()));
    });
  });
  app.get('/healthz', (res) => {
    res.writeHeader('content-type', 'text/plain').end('ok\n');
  });
  inspector.addRoutes(app);
  app.any('/*', (res) => {
    res.writeStatus('404 Not Found').end('There is nothing here; try /inspect/ or /api/relay.\n');
  });
  const socket = await bind(app, host, port, '--http-port');
  return {
    port: us_socket_local_port(socket as never),
    inspector,
    async close() {
      us_listen_socket_close(socket);
      await inspector.stop();
      app.close();
    },
  };
}
