/** The examples of a server inside a web app: what the app decides holds for its signaling server, and the other way. */
import { describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { RawClient } from '../support/clients/raw-client.ts';
import { type Run, runNode } from '../support/servers/cli-process.ts';

interface App {
  readonly run: Run;
  readonly web: string;
  readonly signaling: string;
}

async function startApp(name: string): Promise<App> {
  const run = runNode([`examples/${name}/server.js`, '0']);
  const [, web = '', signaling = ''] = await run.printed(/The app is at (\S+)\/, signaling at (\S+)/);
  return { run, web, signaling };
}

async function stop({ run }: App): Promise<void> {
  run.child.kill('SIGINT');
  expect([await run.exited(), run.stderr]).toEqual([0, '']);
}

const post = (url: string) => fetch(url, { method: 'POST' });

/** Connects with a cookie, as a page of the app would. */
class Visitor extends RawClient {
  static async come(url: string, cookie: string, origin: string): Promise<{ id: string; socket: WebSocket }> {
    const socket = new WebSocket(url, { headers: { cookie, origin } });
    const message = await new Promise<string>((resolve, reject) => {
      socket.once('message', (data) => resolve(String(data)));
      socket.once('error', reject);
    });
    return { id: JSON.parse(message).id, socket };
  }
}

describe('a web app with a signaling server', () => {
  it('Express: who is logged in comes in under its name, and the app pairs two', async () => {
    const app = await startApp('express');
    const { web, signaling } = app;
    expect(signaling).toBe(`${web.replace('http', 'ws')}/signal/`);
    const stranger = RawClient.dial(signaling);
    expect((await stranger.whenClosed()).code).toBe(4401);
    const visitors = [];
    for (const name of ['ada', 'bob']) {
      const login = await post(`${web}/login/${name}`);
      const [cookie = ''] = login.headers.getSetCookie();
      visitors.push(await Visitor.come(signaling, cookie.split(';')[0] ?? '', web));
    }
    expect(visitors.map(({ id }) => id)).toEqual(['ada', 'bob']);
    expect(await (await fetch(`${web}/online`)).json()).toEqual(['ada', 'bob']);
    expect((await post(`${web}/play/ada/eve`)).status).toBe(409);
    expect((await post(`${web}/play/ada/bob`)).status).toBe(200);
    await app.run.printed(/^paired: \/ada and \/bob$/m);
    for (const { socket } of visitors) socket.terminate();
    await stop(app);
  });

  it('Fastify: a ticket of the app lets one client in, once, and the app ends it', async () => {
    const app = await startApp('fastify');
    const { web, signaling } = app;
    const { token } = (await (await post(`${web}/tickets/ada`)).json()) as { token: string };
    const ada = await RawClient.connect(signaling, { token });
    expect(ada.id).toBe('ada');
    await app.run.printed(/^opened: ada$/m);
    const again = RawClient.dial(signaling, { token });
    expect((await again.whenClosed()).code).toBe(4401);
    const end = () => fetch(`${web}/sessions/ada`, { method: 'DELETE' });
    expect((await end()).status).toBe(204);
    expect(await ada.whenClosed()).toEqual({ code: 1008, reason: 'Ended by the app' });
    await app.run.printed(/^ended: ada$/m);
    expect((await end()).status).toBe(404);
    await stop(app);
  });
});
