/** The inspector page's socket, without the page. */
import { once } from 'node:events';
import { afterEach } from '@jest/globals';
import { WebSocket } from 'ws';
import type { InspectMessage, InspectRequest, ListRequest } from '../../src/protocol/index.ts';
import { PATIENCE_MS } from './wait-timeouts.ts';

const sockets: WebSocket[] = [];
/** A page may ask 100 things a second: a test that asks until something has come asks fewer. */
const ASKS_EVERY_MS = 15;

type Of<Type extends InspectMessage['type']> = Extract<InspectMessage, { type: Type }>;

export type TestFeed = Awaited<ReturnType<typeof openFeed>>;

/** Does not wait for the connection, since a server may refuse it. */
export async function openFeed(
  { port }: { readonly port: number | string },
  headers: Record<string, string> = {},
  subprotocols: readonly string[] = [],
) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/inspect/feed`, [...subprotocols], { headers });
  sockets.push(socket);
  const inbox: InspectMessage[] = [];
  socket.on('message', (data) => inbox.push(JSON.parse(String(data))));
  socket.on('error', () => {});
  let closed = '';
  socket.on('close', (code, reason) => {
    closed = `; the feed is closed: ${code} ${reason}`;
  });
  const next = async <Type extends InspectMessage['type']>(
    type: Type,
    fits: (message: Of<Type>) => boolean = () => true,
  ): Promise<Of<Type>> => {
    for (;;) {
      const at = inbox.findIndex((message) => message.type === type && fits(message as Of<Type>));
      if (at >= 0) return inbox.splice(at, 1)[0] as Of<Type>;
      await once(socket, 'message', { signal: AbortSignal.timeout(PATIENCE_MS) }).catch(() => {
        throw new Error(`the feed did not send '${type}' as expected${closed}`);
      });
    }
  };
  const send = (message: InspectRequest | object) => socket.send(JSON.stringify(message));
  let mayAskAt = 0;
  const ask = async (message: InspectRequest) => {
    const waitMs = mayAskAt - performance.now();
    mayAskAt = Math.max(performance.now(), mayAskAt) + ASKS_EVERY_MS;
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    send(message);
  };
  let seq = 0;
  return {
    socket,
    inbox,
    next,
    send,
    /** Asks for the list, all of it unless the request limits it. */
    async list(request: Partial<ListRequest> & Pick<ListRequest, 'of'>): Promise<Of<'list'>> {
      seq += 1;
      const asked = seq;
      await ask({ type: 'list', seq, query: '', state: '', sort: 'oldest', offset: 0, ...request });
      return next('list', (answer) => answer.seq === asked);
    },
    /** The record of that number, as it is now. */
    async record(epoch: number) {
      await ask({ type: 'watch', epoch });
      const { record } = await next('record', (message) => message.record.header.epoch === epoch);
      return record;
    },
  };
}

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.terminate();
});
