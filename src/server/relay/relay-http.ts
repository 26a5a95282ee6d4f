/** A relay server's HTTP port: what it knows about the network, as JSON and as the inspector's page. */
import { NOT_KEPT, serveGet, serveNothingElse, TEXT } from '../http/answer.ts';
import { containFailures } from '../http/contain-failures.ts';
import { openListener } from '../http/listener.ts';
import { loadShell } from '../http/shell/load-shell.ts';
import { forbidden, refusalOf, unauthorized } from '../inspector/access.ts';
import { Inspector } from '../inspector/inspector.ts';
import { servePage } from '../inspector/serve-page.ts';
import { failedRequests } from '../telemetry/failed-requests.ts';
import type { Logger } from '../telemetry/logger.ts';
import { relaySources } from './inspector-sources.ts';
import { TrafficRates } from './link-traffic.ts';
import { relayNetwork } from './relay-network.ts';
import type { RelayServer } from './relay-server.ts';

export interface RelayHttpOptions {
  readonly host: string;
  /** 0: any free port. */
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
 * @throws when the port is taken, or the address does not belong to this machine
 */
export async function serveRelayHttp(
  server: RelayServer,
  { host, port, log, inspect, inspectToken }: RelayHttpOptions,
): Promise<RelayHttp> {
  const { node, clock } = server;
  const rates = new TrafficRates();
  const inspector = new Inspector({
    options: { inspect, inspectToken, record: undefined, recordFiles: 0 },
    log,
    clock,
    network: () => relayNetwork(node),
    traffic: (elapsedMs) => rates.take(node.links, elapsedMs),
  });
  inspector.add(...relaySources(node));
  const { shell, message } = await loadShell('auto');
  log.info({ event: 'shell_loaded' }, message);
  const app = shell.createApp({});
  containFailures(app, failedRequests(log));
  serveGet(
    app,
    '/api/relay',
    (req, res) =>
      forbidden(refusalOf(res, req, inspectToken)) ??
      unauthorized(req, inspectToken) ?? {
        headers: [
          ['content-type', 'application/json; charset=utf-8'],
          NOT_KEPT,
          ['x-content-type-options', 'nosniff'],
        ],
        body: JSON.stringify(server.view()),
      },
  );
  serveGet(app, '/healthz', () => ({ headers: [TEXT], body: 'ok\n' }));
  servePage(app, inspector);
  serveNothingElse(app, 'There is nothing here; try /inspect/ or /api/relay.\n');
  const listener = await openListener(app, {
    addresses: [{ kind: 'tcp', host }],
    port,
    portOption: '--http-port',
    changed: (isOpen) => {
      if (isOpen)
        log.info({ event: 'port_opened' }, 'File descriptors are available again: the HTTP port is open');
      else
        log.error(
          { event: 'port_closed' },
          'Out of file descriptors: the HTTP port is closed until some are available',
        );
    },
  });
  return {
    port: listener.port,
    inspector,
    async close() {
      listener.close();
      await inspector.stop();
      app.close();
    },
  };
}
