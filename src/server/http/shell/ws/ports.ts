/**
 * The addresses that this process listens on with Node. An app may take one that another app of the process already
 * has: new connections go to the last one, which is what a new certificate needs.
 */
import cluster from 'node:cluster';
import { once } from 'node:events';
import { lstatSync, unlinkSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { type ListenAddress, textOf } from '../../../../common/listen-address.ts';
import type { ListenSocket } from '../shell.ts';

/**
 * Whether the system distributes the connections among workers, by their addresses. Otherwise workers get them in turn;
 * a browser that opens an even number for each page would then have all its WebSockets at one of two workers. Node has
 * this from 22.12 on, for some systems; an older Node ignores it.
 */
const isDistributedBySystem = cluster.isWorker && process.platform === 'linux';

/** How many connections may wait until they are accepted; the system may allow fewer. Node's default is 511. */
const BACKLOG = 4_096;

type Receiver = (socket: Socket) => void;

interface Port {
  readonly server: Server;
  /** The apps that took it, in order. */
  readonly receivers: Receiver[];
}

const ports = new Map<string, Port>();

/** @returns undefined if it is not available */
export async function listenOn(
  receiver: Receiver,
  address: ListenAddress,
  port: number,
): Promise<ListenSocket | undefined> {
  const known = ports.get(textOf(address, port));
  if (known) {
    known.receivers.push(receiver);
    return socketOf(known, receiver, address, port);
  }
  // A worker may be handed a connection before it is told that the port is open.
  const receivers = [receiver];
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => receivers.at(-1)?.(socket));
  if (address.kind === 'unix') removeSocket(address.path);
  try {
    const options =
      address.kind === 'unix'
        ? { path: address.path }
        : { host: address.host, port, reusePort: isDistributedBySystem };
    await once(server.listen({ ...options, backlog: BACKLOG }), 'listening');
  } catch {
    return undefined;
  }
  // A connection could not be accepted: its client will try again.
  server.on('error', () => {});
  const taken = address.kind === 'unix' ? 0 : (server.address() as AddressInfo).port;
  const opened: Port = { server, receivers };
  ports.set(textOf(address, taken), opened);
  return socketOf(opened, receiver, address, taken);
}

/** The app's share of the port. */
function socketOf(
  { server, receivers }: Port,
  receiver: Receiver,
  address: ListenAddress,
  number: number,
): ListenSocket {
  return {
    port: number,
    close() {
      const at = receivers.lastIndexOf(receiver);
      // It was closed before: the port may be another app's.
      if (at < 0) return;
      receivers.splice(at, 1);
      if (receivers.length > 0) return;
      ports.delete(textOf(address, number));
      server.close();
    },
  };
}

/** Removes the socket of a process that was killed: the caller has checked that nobody listens there. */
function removeSocket(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket()) unlinkSync(path);
}
