/** `pairlane inspect`, as programs and pages reach it: real sockets, XState's actors, Stately's own client. */
import { once } from 'node:events';
import { request } from 'node:http';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { createWebSocketInspector } from '@statelyai/inspect';
import { WebSocket } from 'ws';
import { type AnyActorRef, assign, createActor, fromPromise, setup } from 'xstate';
import { systemClock } from '../../../src/common/clock.ts';
import { pairlaneInspect } from '../../../src/inspector/index.ts';
import type {
  ProgramsMessage,
  ShownActor,
  ShownStep,
} from '../../../src/inspector/stately/program-messages.ts';
import type { Chart } from '../../../src/machines/index.ts';
import { openLocalApp } from '../../../src/server/programs/local-app.ts';
import { ProgramFeed } from '../../../src/server/programs/program-feed.ts';
import { addProgramSockets } from '../../../src/server/programs/program-sockets.ts';
import { until } from '../../support/until.ts';

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0).reverse()) end();
});

async function programs(port = 0) {
  const feed = new ProgramFeed({ clock: systemClock });
  const app = await openLocalApp(port, '--port', (routes) => {
    addProgramSockets(routes, feed.store, ['http://localhost:3000']);
    feed.addRoutes(routes);
  });
  const close = () => {
    feed.stop();
    app.close();
  };
  ends.push(close);
  return { port: app.port, url: `ws://127.0.0.1:${app.port}/`, close };
}

/** A page, as the server sees it. */
async function openFeed(port: number) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/feed`);
  ends.push(() => socket.terminate());
  const actors = new Map<number, ShownActor>();
  let chart: unknown;
  let steps: ShownStep[] = [];
  let changed = () => {};
  socket.on('message', (data) => {
    const message: ProgramsMessage = JSON.parse(String(data));
    if (message.type === 'actors') for (const actor of message.changed) actors.set(actor.key, actor);
    if (message.type === 'actor') [chart, steps] = [message.chart, [...message.steps]];
    if (message.type === 'steps') steps.push(...message.steps);
    changed();
  });
  await once(socket, 'open');
  const until = async <Found>(find: () => Found | undefined | false): Promise<Found> => {
    for (;;) {
      const found = find();
      if (found) return found;
      await new Promise<void>((resolve) => {
        changed = resolve;
      });
    }
  };
  return {
    until,
    actors,
    /** Looks at an actor until such a step is there. @returns all that came until then */
    async watch(name: string, isThere: (step: ShownStep) => boolean) {
      const { key } = await until(() => [...actors.values()].find((actor) => actor.name === name));
      socket.send(JSON.stringify({ type: 'watch', key }));
      await until(() => steps.some(isThere));
      return { chart, steps };
    },
  };
}

const shop = setup({
  types: { context: {} as { items: number }, events: {} as { type: 'ADD' } | { type: 'PAY' } },
  actors: { pay: fromPromise(async () => 'receipt') },
  guards: { hasItems: ({ context }) => context.items > 0 },
  actions: { add: assign({ items: ({ context }) => context.items + 1 }) },
}).createMachine({
  id: 'shop',
  context: { items: 0 },
  initial: 'open',
  states: {
    open: { id: 'front', on: { ADD: { actions: 'add' }, PAY: { guard: 'hasItems', target: 'paying' } } },
    paying: { invoke: { src: 'pay', onDone: '#end' } },
    closed: { id: 'end', type: 'final' },
  },
});

function goShopping(actor: AnyActorRef): void {
  actor.start();
  actor.send({ type: 'PAY' });
  actor.send({ type: 'ADD' });
  actor.send({ type: 'PAY' });
}
const isOver = ({ status }: ShownStep) => status === 'done';

describe('pairlane inspect', () => {
  it('shows an actor with pairlaneInspect(): its chart, events, states, context and the transitions taken', async () => {
    const { url, port } = await programs();
    const inspect = pairlaneInspect({ url });
    ends.push(inspect.stop);
    const page = await openFeed(port);
    goShopping(createActor(shop, { inspect }));

    const { chart, steps } = await page.watch('shop', isOver);
    expect(chart).toMatchObject({ machine: 'shop', root: { states: [{ id: 'front' }, {}, { id: 'end' }] } });
    expect(steps).toMatchObject([
      { event: { type: 'xstate.init' }, value: 'open', context: { items: 0 } },
      { event: { type: 'PAY' }, value: 'open', taken: [] },
      { event: { type: 'ADD' }, context: { items: 1 }, taken: ['front --ADD#0-->'] },
      { event: { type: 'PAY' }, value: 'paying', taken: ['front --PAY#0--> shop.paying'] },
      {
        value: 'closed',
        status: 'done',
        taken: ['shop.paying --xstate.done.actor.0.shop.paying#0--> end'],
      },
    ]);
    const pay = await page.until(() => [...page.actors.values()].find(({ name }) => name !== 'shop'));
    expect(pay).toMatchObject({ parent: [...page.actors.values()][0]?.session, status: 'done' });
  });

  it('shows a program of Stately’s WebSocket client, with the same chart', async () => {
    const { url, port } = await programs();
    const inspector = createWebSocketInspector({ url });
    ends.push(() => inspector.stop());
    const page = await openFeed(port);
    goShopping(createActor(shop, { inspect: inspector.inspect }));

    const { chart, steps } = await page.watch('shop', isOver);
    // Its client sorts all that it sends, the states too.
    const ids = (chart as Chart).root.states.map(({ id }) => id);
    expect(ids.sort()).toEqual(['end', 'front', 'shop.paying']);
    expect(steps.map(({ event, value }) => [event?.type, value])).toEqual([
      ['xstate.init', 'open'],
      ['PAY', 'open'],
      ['ADD', 'open'],
      ['PAY', 'paying'],
      ['xstate.done.actor.0.shop.paying', 'closed'],
    ]);
  });

  it('a program that began before the inspector did, and one that outlives it, are shown when it is there', async () => {
    const first = await programs();
    first.close();
    const warned = jest.spyOn(console, 'warn').mockImplementation(() => {});
    ends.push(() => warned.mockRestore());
    const inspect = pairlaneInspect({ url: first.url });
    ends.push(inspect.stop);
    const actor = createActor(shop, { inspect }).start();
    await until(() => warned.mock.calls.length !== 0);
    expect(warned.mock.calls).toEqual([[expect.stringContaining("start 'pairlane inspect'")]]);
    const second = await programs(first.port);
    const before = await openFeed(second.port);
    await before.until(() => [...before.actors.values()].some(({ name }) => name === 'shop'));
    second.close();
    actor.send({ type: 'ADD' });

    const third = await programs(first.port);
    const after = await openFeed(third.port);
    const { chart, steps } = await after.watch(
      'shop',
      ({ context }) => (context as { items: number }).items === 1,
    );
    expect([chart, steps.length]).toEqual([expect.objectContaining({ machine: 'shop' }), 1]);
  });

  it('shows what redact leaves of events and contexts, and what is no JSON as what it is', async () => {
    const { url, port } = await programs();
    const inspect = pairlaneInspect({
      url,
      redact: (value) => ({ ...(value as object), secret: undefined }),
    });
    ends.push(inspect.stop);
    const circle: Record<string, unknown> = {};
    circle.itself = circle;
    const context = { big: 1n, call() {}, secret: 'abc', circle };
    const machine = setup({}).createMachine({
      id: 'odd',
      context,
      on: { GO: { actions: assign({}) } },
    });
    const page = await openFeed(port);
    createActor(machine, { inspect }).start().send({ type: 'GO', secret: 'abc' });
    const { steps } = await page.watch('odd', ({ event }) => event?.type === 'GO');
    expect(steps.at(-1)?.context).toMatchObject({
      big: '1',
      call: '[function call]',
      circle: { itself: '[circular]' },
    });
    expect(JSON.stringify(steps)).not.toContain('abc');
  });

  const upgrade = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  };
  it.each([
    ['its page to a name that somebody points here', '/', { host: 'evil.example:PORT' }, 403],
    ['its feed to a page of another site', '/feed', { ...upgrade, origin: 'https://evil.example' }, 403],
    ['its feed through a proxy', '/feed', { ...upgrade, 'x-forwarded-for': '192.0.2.1' }, 403],
    ['programs of a page of another site', '/', { ...upgrade, origin: 'https://evil.example' }, 403],
    ['programs by another name', '/', { ...upgrade, host: 'evil.example:PORT' }, 403],
    [
      'its feed to a page whose programs it shows',
      '/feed',
      { ...upgrade, origin: 'http://localhost:3000' },
      403,
    ],
  ])('refuses %s', async (_what, path, headers, status) => {
    const { port } = await programs();
    expect(await statusOf(port, path, headers)).toBe(status);
  });

  it('takes programs of pages that --origin names', async () => {
    const { port } = await programs();
    expect(await statusOf(port, '/', { ...upgrade, origin: 'http://localhost:3000' })).toBe(101);
  });
});

function statusOf(port: number, path: string, headers: Record<string, string>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const given = Object.entries(headers).map(([name, value]) => [name, value.replace('PORT', String(port))]);
    const asked = request({ port, path, host: '127.0.0.1', headers: Object.fromEntries(given) });
    asked.on('response', (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    asked.on('upgrade', (response, socket) => {
      socket.destroy();
      resolve(response.statusCode);
    });
    asked.on('error', reject);
    asked.end();
  });
}
