/**
 * A port that is listened on as long as the process has file descriptors. Without any, a connection that cannot be
 * accepted would keep a core busy until one is free; so the port is closed meanwhile, and the same one opened again.
 */
import { bind, listen } from './bind.ts';
import { areDescriptorsLeft } from './descriptors.ts';
import {
  type TemplatedApp,
  type us_listen_socket,
  us_listen_socket_close,
  us_socket_local_port,
} from './uws.ts';

export interface ListenerOptions {
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  /** The option that an error tells to change. */
  readonly portOption?: string;
  /** The port was closed for lack of descriptors, or is open again. */
  readonly changed: (isOpen: boolean) => void;
}

export interface Listener {
  readonly port: number;
  /** Takes no new connections from here on; those that are open stay. */
  close(): void;
}

const CHECK_INTERVAL_MS = 1_000;
/** With fewer left the port is closed: the rest is for health checks, and what the process itself opens. */
const MIN_LEFT = 4;
/** With so many left it is opened again, so that the first who connects does not close it. */
const ENOUGH_LEFT = 16;

/** @throws when the port is taken, or the address is none of this machine */
export async function openListener(app: TemplatedApp, options: ListenerOptions): Promise<Listener> {
  const { host, changed } = options;
  let socket: us_listen_socket | undefined = await bind(app, host, options.port, options.portOption);
  const port = us_socket_local_port(socket as never);
  let isClosed = false;
  // uWebSockets.js shares only a port that was asked for by number: one that the system chose (port 0) cannot be had
  // again before the clients that came through it are gone. It is tried every second until then.
  const reopen = async () => {
    const opened = await listen(app, host, port);
    if (!opened) return;
    if (isClosed) return us_listen_socket_close(opened);
    socket = opened;
    changed(true);
  };
  // Keeps the process alive, which without a client and without the port has nothing else that does.
  const timer = setInterval(() => {
    if (!socket) {
      if (areDescriptorsLeft(ENOUGH_LEFT)) void reopen();
    } else if (!areDescriptorsLeft(MIN_LEFT)) {
      us_listen_socket_close(socket);
      socket = undefined;
      changed(false);
    }
  }, CHECK_INTERVAL_MS);
  return {
    port,
    close() {
      isClosed = true;
      clearInterval(timer);
      if (socket) us_listen_socket_close(socket);
      socket = undefined;
    },
  };
}
