/** An app for requests from this machine only, on its own port at the loopback address. */
import { serveNothingElse } from '../http/answer.ts';
import { containFailures } from '../http/contain-failures.ts';
import { openListener } from '../http/listener.ts';
import { loadShell } from '../http/shell/load-shell.ts';
import type { App } from '../http/shell/shell.ts';

export interface LocalApp {
  readonly port: number;
  close(): void;
}

/**
 * @param portOption the option that the error message suggests to change
 * @throws when the port is taken
 */
export async function openLocalApp(
  port: number,
  portOption: string,
  addRoutes: (app: App) => void,
): Promise<LocalApp> {
  const { shell } = await loadShell('auto');
  const app = shell.createApp({});
  containFailures(app, (_, error) => process.emitWarning(error as Error));
  addRoutes(app);
  serveNothingElse(app, 'There is nothing here; the page is at /.\n');
  const listener = await openListener(app, {
    addresses: [{ kind: 'tcp', host: '127.0.0.1' }],
    port,
    portOption,
    changed() {},
  });
  return {
    port: listener.port,
    close() {
      listener.close();
      app.close();
    },
  };
}
