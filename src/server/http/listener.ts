/**
 * Addresses that are listened on as long as the process has file descriptors. Without any, a connection that cannot be
 * accepted would keep a core busy until one is free; so they are closed meanwhile, and the same ones opened again.
 */
import { type Stats, statSync, unlinkSync } from 'node:fs';
import { type ListenAddress, textOf } from '../../common/listen-address.ts';
import { type BindOptions, bind } from './bind.ts';
import { areDescriptorsLeft } from './descriptors.ts';
import type { App, ListenSocket } from './shell/shell.ts';

export interface ListenerOptions extends BindOptions {
  readonly addresses: readonly ListenAddress[];
  /** Of TCP; 0 for any that is free, the same one at each address. */
  readonly port: number;
  /** The addresses were closed for lack of descriptors, or are open again. */
  readonly changed: (isOpen: boolean) => void;
}

export interface Listener {
  /** Of TCP; 0 when there is none. */
  readonly port: number;
  /**
   * New connections come to another app from here on. Those that the system had taken and we had not are lost.
   * @throws when an address cannot be had a second time; then nothing has changed
   */
  moveTo(app: App): Promise<void>;
  /** Takes no new connections from here on; those that are open stay. */
  close(): void;
}

const CHECK_INTERVAL_MS = 1_000;
/** With fewer left the port is closed: the rest is for health checks, and what the process itself opens. */
const MIN_LEFT = 4;
/** With so many left it is opened again, so that the first who connects does not close it. */
const ENOUGH_LEFT = 16;

/** @throws when an address is taken, or none of this machine; then none is listened on */
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
  // Keeps the process alive, which without a client and without the port has nothing else that does.
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
  /** Of a Unix socket: what was there when it was opened. */
  readonly file: Stats | undefined;
}

/** All of them, or none. */
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
    // Another may have taken the path meanwhile: that one stays.
    if (address.kind === 'unix' && file && fileOf(address)?.ino === file.ino) unlinkSync(address.path);
  }
}

function fileOf(address: ListenAddress): Stats | undefined {
  return address.kind === 'unix' ? statSync(address.path, { throwIfNoEntry: false }) : undefined;
}
