/** What a route sees of a request: with `ws` the same as with uWebSockets.js. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { type Answer, answerLater } from '../../../../src/server/http/answer.ts';
import type { App, HttpRequest, Shell } from '../../../../src/server/http/shell/shell.ts';
import { createUwsShell } from '../../../../src/server/http/shell/uws.ts';
import { createWsShell } from '../../../../src/server/http/shell/ws/ws-shell.ts';
import { until } from '../../../support/until.ts';

const apps: App[] = [];
afterEach(() => {
  for (const app of apps.splice(0)) app.close();
});

function appWith(createShell: () => Shell): App {
  const app = createShell().createApp({});
  apps.push(app);
  return app;
}

async function open(app: App) {
  const listening = await app.listenOn({ kind: 'tcp', host: '127.0.0.1' }, 0);
  return { port: listening?.port ?? 0, close: () => listening?.close() };
}

/** The answer to the only request that an app is sent. */
async function answerOf(createShell: () => Shell, request: string, route: (app: App) => void) {
  const app = appWith(createShell);
  route(app);
  const { port, close } = await open(app);
  const socket = connect(port, '127.0.0.1');
  socket.write(`${request}\r\n\r\n`);
  const [data] = await once(socket, 'data');
  socket.destroy();
  close();
  return String(data);
}

describe.each([
  ['uWebSockets.js', createUwsShell],
  ['ws', createWsShell],
])('with %s, a route', (_shell, createShell) => {
  it.each([
    ['/a/b?x=1&y=%20z&x=2', ['/a/b', 'x=1&y=%20z&x=2', '1', ' z', undefined]],
    ['/a', ['/a', '', undefined, undefined, undefined]],
    ['/?x=', ['/', 'x=', '', undefined, undefined]],
  ])('sees the path and the query of %s', async (target, seen) => {
    const found: unknown[] = [];
    await answerOf(createShell, `GET ${target} HTTP/1.1\r\nHost: localhost`, (app) =>
      app.any('/*', (res, req) => {
        found.push(req.getUrl(), req.getQuery() ?? '', ...['x', 'y', 'z'].map((name) => req.getQuery(name)));
        res.end('seen');
      }),
    );
    expect(found).toEqual(seen);
  });

  it('sees the method, and each header once, by a name in small letters, in order', async () => {
    const found: [string, string][] = [];
    const asked: Record<string, string> = {};
    let method = '';
    const request =
      'PUT / HTTP/1.1\r\nHost: localhost\r\nX-One: 1\r\nX-Two: b, c\r\nOrigin: http://a.example';
    await answerOf(createShell, `${request}\r\nContent-Length: 0\r\nX-One: again`, (app) =>
      app.any('/*', (res, req) => {
        method = req.getMethod();
        req.forEach((name, value) => {
          found.push([name, value]);
        });
        for (const name of ['host', 'x-one', 'x-two', 'origin', 'cookie']) asked[name] = req.getHeader(name);
        res.end('seen');
      }),
    );
    expect(method).toBe('put');
    expect(found).toEqual([
      ['host', 'localhost'],
      ['x-one', '1'],
      ['x-two', 'b, c'],
      ['origin', 'http://a.example'],
      ['content-length', '0'],
      ['x-one', 'again'],
    ]);
    // Of a header that is there twice the first is taken.
    expect(asked).toEqual({
      host: 'localhost',
      'x-one': found[1]?.[1],
      'x-two': 'b, c',
      origin: 'http://a.example',
      cookie: '',
    });
  });

  it('may leave the answer to the next one, and the one that answers is the last', async () => {
    const reached: string[] = [];
    const text = await answerOf(createShell, 'GET /a HTTP/1.1\r\nHost: localhost', (app) => {
      app.get('/a', (_res, req) => {
        reached.push('first');
        // Socket.IO's server calls it.
        (req as HttpRequest & { setYield(hasYielded: boolean): void }).setYield(true);
      });
      app.any('/a', (res) => {
        reached.push('second');
        res.end('second');
      });
      app.any('/*', () => reached.push('third') as never);
    });
    expect([reached, text.endsWith('second')]).toEqual([['first', 'second'], true]);
  });

  it('is answered with its status, to the letter', async () => {
    const text = await answerOf(createShell, 'GET / HTTP/1.1\r\nHost: localhost', (app) =>
      app.any('/*', (res) => {
        res.writeStatus('404 Not Found');
        res.end('nothing');
      }),
    );
    expect(text.split('\r\n')[0]).toBe('HTTP/1.1 404 Not Found');
  });

  it('whose client is gone before the answer is found drops it', async () => {
    const app = appWith(createShell);
    let connections = 0;
    const count = (_res: unknown, change: number) => {
      connections += change;
    };
    app.filter(count);
    let find = (_answer: Answer) => {};
    let answered: Promise<void> | undefined;
    app.any('/*', (res) => {
      const found = new Promise<Answer>((resolve) => {
        find = resolve;
      });
      answered = answerLater(res, found, false);
    });
    const { port, close } = await open(app);
    const socket = connect(port, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await until(() => answered !== undefined);
    socket.destroy();
    await until(() => connections === 0);
    await new Promise(setImmediate);
    find({ body: 'late' });
    await expect(answered).resolves.toBeUndefined();
    close();
  });

  it('of a method comes before one of all methods', async () => {
    const app = appWith(createShell);
    for (const method of ['get', 'head', 'post', 'any'] as const)
      app[method]('/a', (res, req) => {
        res.writeHeader('reached', `${method} for ${req.getMethod()}`);
        res.endWithoutBody(0);
      });
    const { port, close } = await open(app);
    for (const [method, reached] of [
      ['GET', 'get for get'],
      ['HEAD', 'head for head'],
      ['POST', 'post for post'],
      ['PUT', 'any for put'],
    ]) {
      const socket = connect(port, '127.0.0.1');
      socket.write(`${method} /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n`);
      const [data] = await once(socket, 'data');
      expect(/reached: (.*)\r\n/i.exec(String(data))?.[1]).toBe(reached);
      socket.destroy();
    }
    close();
  });

  it('of WebSockets chooses the protocol, compresses nothing, and answers each ping once', async () => {
    const app = appWith(createShell);
    app.ws('/*', {
      upgrade(res, req, context) {
        const key = req.getHeader('sec-websocket-key');
        const protocol = req.getHeader('sec-websocket-protocol') && 'b';
        res.upgrade({}, key, protocol, req.getHeader('sec-websocket-extensions'), context);
      },
      message(socket, message) {
        socket.send(message);
      },
    });
    const { port, close } = await open(app);
    for (const [offered, chosen] of [
      [['a', 'b'], 'b'],
      [[], ''],
    ] as const) {
      const client = new WebSocket(`ws://127.0.0.1:${port}/`, [...offered], { perMessageDeflate: true });
      await once(client, 'open');
      expect([client.protocol, client.extensions]).toEqual([chosen, '']);
      let pongs = 0;
      client.on('pong', () => {
        pongs += 1;
      });
      client.ping();
      client.send('said');
      const [echo] = await once(client, 'message');
      expect([String(echo), pongs]).toEqual(['said', 1]);
      client.terminate();
    }
    close();
  });
});
