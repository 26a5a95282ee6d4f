/**
 * The addresses that this process listens on by Node. An app may take one that another app of the process has: new
 * connections come to whoever took it last, as a new certificate needs it.
 */
import { once } from 'node:events';
import { lstatSync, unlinkSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { type ListenAddress, textOf } from '../../../../common/listen-address.ts';
import type { ListenSocket } from '../shell.ts';

type Receiver = (socket: Socket) => void;

interface Port {
  readonly server: Server;
  /** Whoever took it, in that order. */
  readonly receivers: Receiver[];
}

const ports = new Map<string, Port>();

/** @returns undefined when it cannot be had */
export async function listenOn(
  receiver: Receiver,
  address: ListenAddress,
  port: number,
): Promise<ListenSocket | undefined> {
  const known = ports.get(textOf(address, port));
  if (known) return join(known, receiver, address, port);
  const receivers: Receiver[] = [];
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => receivers.at(-1)?.(socket));
  if (address.kind === 'unix') removeSocket(address.path);
  try {
    await once(
      server.listen(address.kind === 'unix' ? { path: address.path } : { host: address.host, port }),
      'listening',
    );
  } catch {
    return undefined;
  }
  // Of a connection that could not be accepted: its client tries again.
  server.on('error', () => {});
  const taken = address.kind === 'unix' ? 0 : (server.address() as AddressInfo).port;
  const opened: Port = { server, receivers };
  ports.set(textOf(address, taken), opened);
  return join(opened, receiver, address, taken);
}

function join(port: Port, receiver: Receiver, address: ListenAddress, number: number): ListenSocket {
  const { server, receivers } = port;
  receivers.push(receiver);
  return {
    port: number,
    close() {
      const at = receivers.lastIndexOf(receiver);
      if (at >= 0) receivers.splice(at, 1);
      if (receivers.length > 0) return;
      ports.delete(textOf(address, number));
      server.close();
    },
  };
}

/** One that a process left which was killed: nobody listens there, as whoever binds has found out. */
function removeSocket(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket()) unlinkSync(path);
}
