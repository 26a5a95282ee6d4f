/** What is checked of each request before its route, and which connections count. */
import { describe, expect, it } from '@jest/globals';
import { watchApp } from '../../../src/server/http/watch-app.ts';

type Handler = (...given: unknown[]) => void;

function setUp({ basePath = '', maxConnections = 2, mayOpen = (): boolean => true } = {}) {
  const routes = new Map<string, Handler>();
  const sockets = new Map<string, { upgrade: Handler; open: Handler }>();
  const log: string[] = [];
  let filter: Handler = () => {};
  const add = (method: string) => (path: string, handler: Handler) =>
    routes.set(`${method} ${path}`, handler);
  const app = {
    ...{ get: add('get'), head: add('head'), post: add('post'), any: add('any') },
    ws: (path: string, behavior: never) => sockets.set(path, behavior),
    filter: (each: Handler) => {
      filter = each;
    },
  };
  const watch = {
    ...{ basePath, maxConnections, connections: { open: 0 } },
    full: () => log.push('full'),
    opened: mayOpen,
    asked: () => log.push('asked'),
    refusalOf: (_res: unknown, { isWrong }: { isWrong?: boolean }, isUpgrade: boolean) => {
      log.push(`judged ${isUpgrade ? 'an upgrade' : 'a request'}`);
      return isWrong ? { status: '403 Forbidden', body: 'no' } : undefined;
    },
  };
  watchApp(app as never, watch as never);
  const res = {
    close: () => log.push('closed'),
    getRemoteAddress: () => new ArrayBuffer(0),
    cork: (write: () => void) => write(),
    writeStatus: (status: string) => log.push(status),
    end: (body: string) => log.push(body),
    endWithoutBody: () => log.push('no body'),
    onAborted() {},
  };
  return {
    app,
    routes,
    sockets,
    watch,
    res,
    change: (by: number) => filter(res, by),
    log: () => log.splice(0),
  };
}

describe('connections', () => {
  it('are ended above as many as may be open, and counted until they end or become WebSockets', () => {
    const { app, sockets, watch, res, change, log } = setUp();
    app.ws('/', { upgrade() {}, open: () => 'told' } as never);
    for (const one of [1, 1]) change(one);
    expect([watch.connections.open, log()]).toEqual([2, []]);
    change(1);
    expect(log()).toEqual(['full', 'closed']);
    for (const one of [-1, -1]) change(one);
    expect([watch.connections.open, log()]).toEqual([1, []]);
    expect(sockets.get('/')?.open(res)).toBe('told');
    expect(watch.connections.open).toBe(0);
  });

  it('are ended where their address has opened too many, and any number is taken without a limit', () => {
    const refused = setUp({ mayOpen: () => false });
    refused.change(1);
    expect(refused.log()).toEqual(['closed']);
    const unlimited = setUp({ maxConnections: 0, mayOpen: () => false });
    for (let n = 0; n < 10; n += 1) unlimited.change(1);
    expect([unlimited.watch.connections.open, unlimited.log()]).toEqual([10, []]);
  });
});

describe('a request', () => {
  it.each(['get', 'head', 'post', 'any'] as const)(
    '(%s) reaches its route unless it is refused',
    (method) => {
      const { app, routes, res, log } = setUp();
      const reached: unknown[] = [];
      app[method]('/a', (...given) => reached.push(given));
      const right = { getMethod: () => 'get' };
      routes.get(`${method} /a`)?.(res, right);
      expect([log(), reached]).toEqual([['asked', 'judged a request'], [[res, right]]]);
      routes.get(`${method} /a`)?.(res, { ...right, isWrong: true });
      expect([log().slice(2), reached.length]).toEqual([['403 Forbidden', 'no'], 1]);
      routes.get(`${method} /a`)?.(res, { getMethod: () => 'head', isWrong: true });
      expect(log().slice(2)).toEqual(['403 Forbidden', 'no body']);
    },
  );

  it('to become a WebSocket is judged as such', () => {
    const { app, sockets, res, log } = setUp();
    const reached: unknown[] = [];
    app.ws('/', { upgrade: (...given: unknown[]) => reached.push(given) } as never);
    sockets.get('/')?.upgrade(res, {}, 'context');
    expect([log(), reached]).toEqual([['asked', 'judged an upgrade'], [[res, {}, 'context']]]);
    sockets.get('/')?.upgrade(res, { isWrong: true }, 'context');
    expect([log().slice(2), reached.length]).toEqual([['403 Forbidden', 'no'], 1]);
  });
});

it('routes are below the base path, those for everything outside of it as well', () => {
  const [root, below] = [setUp(), setUp({ basePath: '/signal' })];
  for (const { app } of [root, below]) {
    for (const path of ['/a', '/*']) app.get(path, () => {});
    for (const path of ['/a', '/*']) app.ws(path, {} as never);
  }
  expect([[...root.routes.keys()], [...root.sockets.keys()]]).toEqual([
    ['get /a', 'get /*'],
    ['/a', '/*'],
  ]);
  expect([[...below.routes.keys()], [...below.sockets.keys()]]).toEqual([
    ['get /signal/a', 'get /*'],
    ['/signal/a', '/signal', '/signal/*'],
  ]);
});
