/**
 * Listens on addresses as long as the process has file descriptors. When none is left, a connection that cannot be
 * accepted would keep a core busy until one is free; so the addresses are closed meanwhile, and opened again later.
 */
import { type Stats, statSync, unlinkSync } from 'node:fs';
import { type ListenAddress, textOf } from '../../common/listen-address.ts';
import { type BindOptions, bind } from './bind.ts';
import { areDescriptorsLeft } from './descriptors.ts';
import type { App, ListenSocket } from './shell/shell.ts';

export interface ListenerOptions extends BindOptions {
  readonly addresses: readonly ListenAddress[];
  /** For TCP; 0: any free port, the same one at each address. */
  readonly port: number;
  /** Called when the addresses were closed for lack of descriptors, and when they are open again. */
  readonly changed: (isOpen: boolean) => void;
}

export interface Listener {
  /** For TCP; 0 if there is none. */
  readonly port: number;
  /**
   * New connections go to another app from here on. Those that the system has accepted and we have not are lost.
   * @throws when an address cannot be opened a second time; then nothing has changed
   */
  moveTo(app: App): Promise<void>;
  /** Takes no new connections from here on; open ones stay. */
  close(): void;
}

const CHECK_INTERVAL_MS = 1_000;
/**
 * With fewer descriptors left the port is closed: the rest is for health checks, and for files that the process itself
 * opens.
 */
const MIN_LEFT = 4;
/** With this many left it is opened again, so that the first new connection does not close it. */
const ENOUGH_LEFT = 16;

/** @throws when an address is taken, or does not belong to this machine; then it listens on none */
export async function openListener(app: App, options: ListenerOptions): Promise<Listener> {
  const { addresses, changed } = options;
  let current = app;
  let { port } = options;
  let open: OpenSocket[] | undefined = await openAll(addresses, async (address) => {
    const socket = await bind(app, address, port, options);
    if (address.kind === 'tcp') port = socket.port;
    return socket;
  });
  let isClosed = false;
  const openAgain = () =>
    openAll(addresses, async (address) => {
      const socket = await current.listenOn(address, port);
      if (!socket) throw new Error(`Cannot listen on ${textOf(address, port)} a second time`);
      return socket;
    });
  const reopen = async () => {
    const opened = await openAgain().catch(() => undefined);
    if (!opened) return;
    if (isClosed) return closeAll(opened);
    open = opened;
    changed(true);
  };
  // This timer keeps the process alive: with no client and no open port, nothing else does.
  const timer = setInterval(() => {
    if (!open) {
      if (areDescriptorsLeft(ENOUGH_LEFT)) void reopen();
    } else if (!areDescriptorsLeft(MIN_LEFT)) {
      closeAll(open);
      open = undefined;
      changed(false);
    }
  }, CHECK_INTERVAL_MS);
  return {
    get port() {
      return addresses.some(({ kind }) => kind === 'tcp') ? port : 0;
    },
    async moveTo(next) {
      const before = current;
      current = next;
      if (!open) return;
      const opened = await openAgain().catch((error: Error) => {
        current = before;
        throw error;
      });
      closeAll(isClosed ? opened : open);
      if (!isClosed) open = opened;
    },
    close() {
      isClosed = true;
      clearInterval(timer);
      if (open) closeAll(open);
      open = undefined;
    },
  };
}

interface OpenSocket {
  readonly socket: ListenSocket;
  readonly address: ListenAddress;
  /** For a Unix socket: its file when it was opened. */
  readonly file: Stats | undefined;
}

/** Opens all addresses, or none. */
async function openAll(
  addresses: readonly ListenAddress[],
  openOne: (address: ListenAddress) => Promise<ListenSocket>,
): Promise<OpenSocket[]> {
  const opened: OpenSocket[] = [];
  try {
    for (const address of addresses)
      opened.push({ socket: await openOne(address), address, file: fileOf(address) });
    return opened;
  } catch (error) {
    closeAll(opened);
    throw error;
  }
}

function closeAll(sockets: readonly OpenSocket[]): void {
  for (const { socket, address, file } of sockets) {
    socket.close();
    // Another process may have taken the path meanwhile; its socket stays.
    if (address.kind === 'unix' && file && fileOf(address)?.ino === file.ino) unlinkSync(address.path);
  }
}

function fileOf(address: ListenAddress): Stats | undefined {
  return address.kind === 'unix' ? statSync(address.path, { throwIfNoEntry: false }) : undefined;
}
