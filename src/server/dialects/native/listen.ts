/** The sockets: one port for WebSocket and HTTP, and an end that reaches everybody. */

import { listenAddresses } from '../../../common/listen-address.ts';
import { httpRules } from '../../admission/http-rules.ts';
import { openListener } from '../../http/listener.ts';
import { loadShell } from '../../http/shell/load-shell.ts';
import { certificateDigest, createApp, type TlsFiles } from '../../http/tls.ts';
import { addRoutes, type RouteDeps, type SocketHandlers } from './routes.ts';

export interface ListenDeps extends RouteDeps {
  /** The port was closed for lack of file descriptors, or is open again. */
  readonly portChanged: (isOpen: boolean) => void;
  /** Whether other processes of this server listen there, too. */
  readonly sharesPort?: boolean;
}

export interface Listening {
  readonly port: number;
  /** Where that is, for the log; left out: at the addresses of its options. */
  readonly places?: string;
  /** Where clients connect; left out: at the first address of its options. */
  readonly url?: string;
  /** @returns whether the files of the certificate have changed; new connections get the new one. @throws when it is invalid, and keeps the old one */
  renewCertificate(files: TlsFiles): Promise<boolean>;
  /** Takes no new connections and ends the old ones. @param hasClients who get a moment to read their close frame */
  close(hasClients: boolean): Promise<void>;
}

/** What closing sockets get to read their close frame. */
const CLOSE_GRACE_MS = 200;

/** @throws when the port is taken, the address is none of this machine, or the certificate is none */
export async function listen(deps: ListenDeps, handlers: SocketHandlers): Promise<Listening> {
  const { options, admission, telemetry } = deps;
  const rules = httpRules({ options, admission, telemetry });
  telemetry.metrics.httpConnections = () => rules.connections.open;
  let certificate = certificateDigest(options);
  const { shell, message } = await loadShell(options.shell);
  telemetry.log.info({ event: 'shell_loaded' }, message);
  const createRoutes = (files: TlsFiles) => {
    const app = createApp(shell, files);
    addRoutes(app, deps, handlers, rules);
    return app;
  };
  const first = createRoutes(options);
  // One for each certificate: uWebSockets.js cannot change an app's own, and the old one has clients.
  const apps = [first];
  const addresses = listenAddresses(options.host);
  const listener = await openListener(first, {
    addresses,
    port: options.port,
    changed: deps.portChanged,
    isShared: deps.sharesPort,
  });
  return {
    port: listener.port,
    async renewCertificate(files) {
      const digest = certificateDigest(files);
      if (digest === certificate) return false;
      const app = createRoutes(files);
      await listener.moveTo(app);
      apps.push(app);
      certificate = digest;
      return true;
    },
    async close(hasClients) {
      listener.close();
      if (hasClients) await new Promise((resolve) => setTimeout(resolve, CLOSE_GRACE_MS));
      for (const app of apps) app.close();
    },
  };
}
