/** Opens the port for WebSocket and HTTP, and closes it together with all sockets. */

import { listenAddresses } from '../../../common/listen-address.ts';
import { httpRules } from '../../admission/http-rules.ts';
import { openListener } from '../../http/listener.ts';
import { loadShell } from '../../http/shell/load-shell.ts';
import { certificateDigest, createApp, type TlsFiles } from '../../http/tls.ts';
import { addRoutes, type RouteDeps, type SocketHandlers } from './routes.ts';

export interface ListenDeps extends RouteDeps {
  /** Called when the port was closed for lack of file descriptors, and when it is open again. */
  readonly portChanged: (isOpen: boolean) => void;
  /** Whether other processes of this server listen on the same port. */
  readonly sharesPort?: boolean;
}

export interface Listening {
  readonly port: number;
  /** The addresses it listens on, for the log; left out: those of its options. */
  readonly places?: string;
  /** The URL that clients connect to; left out: made from the first address of its options. */
  readonly url?: string;
  /**
   * @returns whether the certificate's files have changed; new connections then get the new certificate
   * @throws if the new certificate is invalid; the old one stays in use
   */
  renewCertificate(files: TlsFiles): Promise<boolean>;
  /**
   * Takes no new connections, and ends the old ones.
   * @param hasClients whether there are clients, which need a moment to read their close frame
   */
  close(hasClients: boolean): Promise<void>;
}

/** How long closing sockets have to read their close frame. */
const CLOSE_GRACE_MS = 200;

/** Resolves when clients, if there are any, have had time to read their close frame. */
export async function closeFramesRead(hasClients: boolean): Promise<void> {
  if (hasClients) await new Promise((resolve) => setTimeout(resolve, CLOSE_GRACE_MS));
}

/** @throws when the port is taken, the address does not belong to this machine, or the certificate is invalid */
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
  // One app per certificate: uWebSockets.js cannot change an app's certificate, and the old app still has clients.
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
      await closeFramesRead(hasClients);
      for (const app of apps) app.close();
    },
  };
}
