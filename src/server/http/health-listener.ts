/**
 * Health and metrics on a port of their own, by Node's HTTP server: it answers HTTP/1.0, in which some balancers ask
 * and which uWebSockets.js refuses with 505, and it answers while the clients' port is closed.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Answer, TEXT } from './answer.ts';

/** @param host the `Host` header; empty when there is none, as in HTTP/1.0 */
export type HealthAnswer = (host: string) => Answer | Promise<Answer>;

export interface HealthListenerOptions {
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  /** By path. */
  readonly answers: ReadonlyMap<string, HealthAnswer>;
}

export interface HealthListener {
  readonly port: number;
  close(): void;
}

/** Balancers and a Prometheus; whoever else reaches the port cannot take descriptors from clients with it. */
const MAX_CONNECTIONS = 64;
const REQUEST_TIMEOUT_MS = 5_000;

/** @throws when the port is taken, or the address is none of this machine */
export async function listenForHealth(options: HealthListenerOptions): Promise<HealthListener> {
  const { host, port, answers } = options;
  const server = createServer(
    {
      requestTimeout: REQUEST_TIMEOUT_MS,
      headersTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: 1_000,
    },
    (req, res) => void respond(req, res, answers),
  );
  server.maxConnections = MAX_CONNECTIONS;
  try {
    await once(server.listen(port, host), 'listening');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Error(`Cannot listen on ${host}:${port}: ${code ?? message}. Choose another --health-port`);
  }
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function respond(
  req: IncomingMessage,
  res: ServerResponse,
  answers: HealthListenerOptions['answers'],
): Promise<void> {
  const [path = ''] = (req.url ?? '').split('?');
  const find = req.method === 'GET' || req.method === 'HEAD' ? answers.get(path) : undefined;
  const nothing: Answer = { status: '404 Not Found', headers: [TEXT], body: 'There is nothing here.\n' };
  const failed: Answer = { status: '500 Internal Server Error', headers: [TEXT] };
  const {
    status = '200 OK',
    headers = [],
    body = '',
  } = find ? await Promise.resolve(find(req.headers.host ?? '')).catch(() => failed) : nothing;
  const length = Buffer.byteLength(body);
  res.writeHead(Number.parseInt(status, 10), {
    ...Object.fromEntries(headers),
    'content-length': length,
    connection: 'close',
  });
  res.end(body);
}
