/** A server of ours beneath a parent that the test plays, and other links that misbehave in rarer ways. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { StepQueue } from '../../../src/machines/index.ts';
import { RelayNode } from '../../../src/server/relay/relay-node.ts';
import type { RelayServer } from '../../../src/server/relay/relay-server.ts';
import { noteTransitions } from '../../support/machines/transition-coverage.ts';
import { RelayTestClock } from '../../support/relay/relay-clock.ts';
import { RelayNetwork, untilTrue } from '../../support/relay/relay-network.ts';
import { type RawHost, RawListener, raw } from '../../support/relay/relay-raw-host.ts';

let network: RelayNetwork;
let listener: RawListener;
/** Stands still, so that no link is closed only because time has passed. */
let clock: RelayTestClock;
beforeEach(async () => {
  clock = new RelayTestClock();
  network = new RelayNetwork();
  listener = await RawListener.listen();
});
afterEach(async () => {
  await network.end();
  await listener.end();
});

/** Server 2, registering with a parent that has said nothing yet. */
async function registering(): Promise<{ parent: RawHost; added: Promise<RelayServer> }> {
  const accepted = listener.accept();
  const added = network.add(2, undefined, {
    clock,
    random: () => 0,
    parent: { host: '127.0.0.1', port: listener.port },
  });
  const parent = await accepted;
  await parent.next('server');
  return { parent, added };
}

/** Server 2 beneath server 1, which the test plays. */
async function adopted(): Promise<RawHost> {
  const { parent, added } = await registering();
  parent.send(raw.server(1, 1));
  await added;
  return parent;
}

/** Lets time pass until server 2 has dialed again, and lets it in. */
async function letIn(accepted: Promise<RawHost>, added: Promise<RelayServer>): Promise<void> {
  let parent: RawHost | undefined;
  void accepted.then((host) => {
    parent = host;
  });
  await untilTrue('the parent is dialed again', () => {
    clock.pass(100);
    return parent !== undefined;
  });
  parent?.send(raw.server(1, 1));
  await added;
}

describe('a parent that has not let us in', () => {
  it.each([
    ['a registration that it was told of', raw.server(7, 1)],
    ['a client', raw.client(7, 1)],
    ['a chat', raw.chat(7, 2, 'x')],
    ['a client quit', raw.clientQuit(7, 'x')],
    ['a server quit', raw.serverQuit(7, 1, 'x')],
    ['a status for somebody else', raw.status(1, 77, 1, 'x')],
  ])('is left, and dialed again, when it answers with %s', async (_, answer) => {
    const { parent, added } = await registering();
    const again = listener.accept();
    parent.send(answer);
    await parent.closed();
    await letIn(again, added);
    expect(network.known(2)).toEqual([1]);
  });

  it('is refused and dialed again when it has our id', async () => {
    const { parent, added } = await registering();
    const again = listener.accept();
    parent.send(raw.server(2, 2));
    expect(await parent.next('status')).toMatchObject({
      destination: 0,
      code: 2,
      text: 'A machine has already registered with ID 2',
    });
    await parent.closed();
    await letIn(again, added);
  });

  it('may send a status for us first, which is no refusal', async () => {
    const { parent, added } = await registering();
    parent.send(raw.status(1, 2, 7, 'one moment'), raw.server(1, 1));
    await added;
    await untilTrue('it is in', () => network.known(2).length === 1);
    expect(network.view(2).status_log).toEqual(['one moment']);
  });
});

describe('a parent that let us in', () => {
  it.each([
    ['server', raw.server(2, 1), 'A machine has already registered with ID 2'],
    ['client', raw.client(2, 1), 'Someone has already registered with ID 2'],
  ])('is refused and left when it announces a %s with our own id', async (_, bytes, text) => {
    const parent = await adopted();
    parent.send(bytes);
    expect(await parent.next('status')).toMatchObject({ destination: 0, code: 2, text });
    await parent.closed();
    expect(network.known(2)).toEqual([]);
  });

  it('may send what nobody here can use, and stays', async () => {
    const parent = await adopted();
    parent.send(
      raw.status(1, 77, 1, 'for nobody'),
      raw.client(100, 1),
      raw.chat(100, 2, 'to a server'),
      raw.client(101, 1),
    );
    await untilTrue('both are known', () => network.known(2).length === 3);
    expect(parent.isClosed).toBe(false);
    expect(network.view(2).status_log).toEqual([]);
  });
});

describe('a host', () => {
  it('that registers a server which it was told of, before itself, is closed', async () => {
    await network.add(1, undefined, { clock });
    const host = await network.connect(1);
    host.send(raw.server(7, 3));
    await host.closed();
    expect(network.known(1)).toEqual([]);
  });

  it('that as a server announces a server with a last hop that it is not, is closed and pruned', async () => {
    await network.add(1, undefined, { clock });
    const host = await network.connect(1);
    host.send(raw.server(3), raw.server(30, 77));
    await host.closed();
    expect(network.known(1)).toEqual([]);
  });

  it('that is a client cannot become a server, nor take the id of one, nor chat with one', async () => {
    await network.add(1);
    const ada = await network.join(1, 100);
    ada.send(raw.server(1), raw.server(9), raw.chat(100, 1, 'psst'), raw.chat(100, 100, 'still a client'));
    await ada.next('chat');
    expect(ada.inbox.map(({ type }) => type)).toEqual(['status', 'status', 'chat']);
    expect(network.known(1)).toEqual([100]);
  });
});

describe('a link that fails inside the server', () => {
  it('is closed, and its host announced as gone; the others go on', () => {
    const node = new RelayNode({
      id: 1,
      name: 'one',
      info: '',
      queue: new StepQueue(),
      log: pino({ level: 'silent' }),
    });
    node.host.observer = noteTransitions;
    const port = (isBroken: boolean) => {
      const calls: string[] = [];
      const call = (name: string) => () => {
        calls.push(name);
        if (isBroken && name === 'introduce') throw new Error('broken');
      };
      const names = ['send', 'introduce', 'close', 'cut'] as const;
      return {
        traffic: { messagesIn: 0, bytesIn: 0, messagesOut: 0, bytesOut: 0 },
        calls,
        ...(Object.fromEntries(names.map((name) => [name, call(name)])) as Record<
          (typeof names)[number],
          () => void
        >),
      };
    };
    const good = port(false);
    const bad = port(true);
    const register = (at: typeof good, sourceId: number) =>
      node.receive(node.accept(at), {
        type: 'client_registration',
        sourceId,
        lastHopId: 0,
        name: '',
        info: '',
      });
    register(good, 100);
    register(bad, 101);
    expect(bad.calls).toEqual(['introduce', 'close']);
    expect([...node.table.hosts()].map(({ id }) => id)).toEqual([100]);
    expect(node.links.size).toBe(1);
    expect(good.calls).not.toContain('close');
  });
});
