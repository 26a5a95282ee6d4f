/**
 * Health and metrics on their own port, served by Node's HTTP server: it answers HTTP/1.0, which some load balancers
 * use and uWebSockets.js refuses with 505, and it answers while the clients' port is closed.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { type Answer, FAILED, TEXT } from './answer.ts';
import { listenError } from './bind.ts';
import type { Failed } from './contain-failures.ts';

/** @param host the `Host` header; empty if there is none, as in HTTP/1.0 */
export type HealthAnswer = (host: string) => Answer | Promise<Answer>;

export interface HealthListenerOptions {
  readonly hosts: readonly string[];
  /** 0: any free port, the same one for each host. */
  readonly port: number;
  /** By path. */
  readonly answers: ReadonlyMap<string, HealthAnswer>;
  readonly failed: Failed;
}

export interface HealthListener {
  readonly port: number;
  close(): void;
}

/**
 * Enough for load balancers and Prometheus; nobody who reaches the port can take descriptors away from clients. With one
 * more, the oldest is closed: an honest request is over in milliseconds, so only connections that ask nothing get old.
 */
const MAX_CONNECTIONS = 64;
const REQUEST_TIMEOUT_MS = 5_000;

const NOTHING: Answer = { status: '404 Not Found', headers: [TEXT], body: 'There is nothing here.\n' };

/** @throws when the port is taken, or an address does not belong to this machine; then it listens on none */
export async function listenForHealth({
  hosts,
  port,
  answers,
  failed,
}: HealthListenerOptions): Promise<HealthListener> {
  const servers: Server[] = [];
  const close = () => {
    for (const server of servers) {
      server.close();
      server.closeAllConnections();
    }
  };
  let found = port;
  for (const host of hosts) {
    const server = await listenOn(host, found, { answers, failed }).catch((error: Error) => {
      close();
      throw error;
    });
    servers.push(server);
    found = (server.address() as AddressInfo).port;
  }
  return { port: found, close };
}

async function listenOn(
  host: string,
  port: number,
  serving: Pick<HealthListenerOptions, 'answers' | 'failed'>,
): Promise<Server> {
  const server = createServer(
    {
      requestTimeout: REQUEST_TIMEOUT_MS,
      headersTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: 1_000,
    },
    (req, res) => void respond(req, res, serving),
  );
  const open = new Set<Socket>();
  server.on('connection', (socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    const [oldest] = open;
    if (open.size > MAX_CONNECTIONS) oldest?.destroy();
  });
  try {
    await once(server.listen(port, host), 'listening');
  } catch (error) {
    throw listenError(error, host, port, '--health-port');
  }
  return server;
}

async function respond(
  req: IncomingMessage,
  res: ServerResponse,
  { answers, failed }: Pick<HealthListenerOptions, 'answers' | 'failed'>,
): Promise<void> {
  const [path = ''] = (req.url ?? '').split('?');
  const find = req.method === 'GET' || req.method === 'HEAD' ? answers.get(path) : undefined;
  const answerTo = async (host: string) => {
    try {
      return find ? await find(host) : NOTHING;
    } catch (error) {
      failed(path, error);
      return FAILED;
    }
  };
  const { status = '200 OK', headers = [], body = '' } = await answerTo(req.headers.host ?? '');
  const length = Buffer.byteLength(body);
  res.writeHead(Number.parseInt(status, 10), {
    ...Object.fromEntries(headers),
    'content-length': length,
    connection: 'close',
  });
  res.end(body);
}
