import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { RelayTestClock } from '../../support/relay/relay-clock.ts';
import { RelayNetwork, untilTrue } from '../../support/relay/relay-network.ts';
import { freePort, RawListener, raw } from '../../support/relay/relay-raw-host.ts';

let network: RelayNetwork;
beforeEach(() => {
  network = new RelayNetwork();
});
afterEach(() => network.end());

const views = () => [...network.servers.values()].map((server) => server.view());

describe('a server id that is in use', () => {
  it('is refused over the same link, to id 0, and leaves the network as it was', async () => {
    await network.addTree([[1], [2, 1], [3, 2]]);
    await network.join(3, 100);
    await network.untilAllKnow([1, 2, 3, 100]);
    const before = views();
    for (const at of [1, 2, 3]) {
      const second = await network.connect(at);
      second.send(raw.server(at === 3 ? 1 : 3));
      expect(await second.next('status')).toEqual({
        type: 'status',
        source: at,
        destination: 0,
        code: 2,
        text: `A machine has already registered with ID ${at === 3 ? 1 : 3}`,
      });
      expect(second.inbox).toHaveLength(1);
    }
    expect(views()).toEqual(before);
  });

  it('is refused to a server of ours too, which keeps the words in its log', async () => {
    await network.addTree([[1], [2, 1]]);
    const before = views();
    const twin = await network.add(2, 1);
    expect(twin.view()).toMatchObject({
      hosts: [],
      status_log: ['A machine has already registered with ID 2'],
    });
    expect([network.view(1)]).toEqual(before.slice(0, 1));
  });

  it('is refused when it is the id of the server itself, or of a client, or 0', async () => {
    await network.add(1);
    await network.join(1, 100);
    for (const id of [1, 100, 0]) {
      const host = await network.connect(1);
      host.send(raw.server(id));
      expect(await host.next('status')).toMatchObject({
        destination: 0,
        code: 2,
        text: `A machine has already registered with ID ${id}`,
      });
    }
    expect(network.known(1)).toEqual([100]);
  });

  it('may be followed by a registration with another id over the same link', async () => {
    await network.addTree([[1], [2, 1]]);
    const host = await network.connect(1);
    host.send(raw.server(2));
    await host.next('status');
    host.send(raw.server(3));
    await host.next('server');
    await network.untilAllKnow([1, 2, 3]);
  });
});

describe('a client id that is in use', () => {
  it.each([1, 2, 3])('is refused by server %i, wherever its owner is', async (at) => {
    await network.addTree([[1], [2, 1], [3, 2]]);
    const ada = await network.join(3, 100, 'ada');
    await network.untilAllKnow([1, 2, 3, 100]);
    const before = views();
    const second = await network.connect(at);
    second.send(raw.client(100, 0, 'not ada'));
    expect(await second.next('status')).toEqual({
      type: 'status',
      source: at,
      destination: 0,
      code: 2,
      text: 'Someone has already registered with ID 100',
    });
    second.socket.destroy();
    const bob = await network.join(1, 101);
    bob.send(raw.chat(101, 100, 'still you?'));
    expect(await ada.next('chat')).toMatchObject({ text: 'still you?' });
    bob.send(raw.clientQuit(101, ''));
    await network.untilAllKnow([1, 2, 3, 100]);
    expect(views()).toEqual(before);
  });

  it('is refused when a server has it', async () => {
    await network.addTree([[1], [2, 1]]);
    const host = await network.connect(1);
    host.send(raw.client(2));
    expect(await host.next('status')).toMatchObject({ text: 'Someone has already registered with ID 2' });
  });

  it('is refused to the client that has it already, which stays', async () => {
    await network.add(1);
    const ada = await network.join(1, 100);
    ada.send(raw.client(100));
    expect(await ada.next('status', ({ code }) => code === 2)).toMatchObject({ destination: 0 });
    ada.send(raw.chat(100, 100, 'here'));
    expect(await ada.next('chat')).toMatchObject({ text: 'here' });
  });
});

describe('a second way to one id', () => {
  it('is refused to a child with the duplicate status, and nothing changes', async () => {
    await network.addTree([[1], [2, 1]]);
    await network.join(2, 100);
    await network.untilAllKnow([1, 2, 100]);
    const child = await network.connect(1);
    child.send(raw.server(3));
    await network.untilAllKnow([1, 2, 3, 100]);
    const before = views();
    child.send(raw.server(2, 3), raw.client(100, 3), raw.server(1, 3));
    await child.next('status', ({ text }) => text === 'A machine has already registered with ID 1');
    expect(child.inbox.filter(({ type }) => type === 'status')).toEqual([
      expect.objectContaining({ destination: 0, text: 'A machine has already registered with ID 2' }),
      expect.objectContaining({ destination: 0, text: 'Someone has already registered with ID 100' }),
      expect.objectContaining({ destination: 0, text: 'A machine has already registered with ID 1' }),
    ]);
    expect(views()).toEqual(before);
  });

  it('ends the claim of the child when the parent has the id: clients of both sides agree again', async () => {
    await network.addTree([[1], [2, 1], [3, 2]]);
    await network.kill(1);
    await network.untilAllKnow([2, 3]);
    const theirs = await network.join(3, 100, 'of the child');
    const witness = await network.join(3, 101);
    await network.untilAllKnow([2, 3, 100, 101]);
    // The first server comes back on its port, and its own client 100 was there before its child was.
    const first = await network.add(1, undefined, { port: network.portOf(1) });
    const ours = await network.connect(1);
    ours.send(raw.client(100, 0, 'of the parent'));
    await untilTrue('the network has grown together', () => first.view().adjacent_servers.length === 1);
    // Either came first: the claim of the client that was first there, or that of the subtree.
    await untilTrue('all tables agree on who has the id 100', () => {
      const names = [1, 2, 3].map((id) => network.view(id).hosts.find((host) => host.id === 100)?.name);
      return names.every((name) => name !== undefined && name === names[0]);
    });
    const winner = network.view(3).hosts.find((host) => host.id === 100)?.name;
    witness.send(raw.chat(101, 100, 'who are you?'));
    const host = winner === 'of the parent' ? ours : theirs;
    expect(await host.next('chat')).toMatchObject({ text: 'who are you?' });
  });

  it('that the parent announces ends the way that was there: hosts are told why, links closed', async () => {
    const listener = await RawListener.listen();
    const accepted = listener.accept();
    const added = network.add(5, undefined, { parent: { host: '127.0.0.1', port: listener.port } });
    const parent = await accepted;
    await parent.next('server', ({ source, lastHop }) => source === 5 && lastHop === 0);
    parent.send(raw.server(9, 9));
    await added;
    const ada = await network.join(5, 100);
    const child = await network.connect(5);
    child.send(raw.server(20), raw.client(200, 20), raw.client(201, 20));
    await parent.next('client', ({ source }) => source === 201);

    parent.send(raw.client(100, 9), raw.client(200, 9), raw.server(20, 9));
    expect(await ada.next('status', ({ code }) => code === 2)).toMatchObject({
      destination: 0,
      text: 'Someone has already registered with ID 100',
    });
    await ada.closed();
    expect(await child.next('status', ({ code }) => code === 2)).toMatchObject({
      destination: 0,
      text: 'A machine has already registered with ID 20',
    });
    await child.closed();
    await parent.next('client_quit', ({ source }) => source === 201);
    expect(network.view(5).hosts.map(({ id, first_link }) => [id, first_link])).toEqual([
      [9, 9],
      [20, 9],
      [100, 9],
      [200, 9],
    ]);
    await listener.end();
  });
});

describe('a loop', () => {
  it('is refused: a server cannot become the child of its own descendant', async () => {
    await network.addTree([[1], [2, 1], [3, 2]]);
    const loop = await network.connect(3);
    loop.send(raw.server(1));
    expect(await loop.next('status')).toMatchObject({
      destination: 0,
      text: 'A machine has already registered with ID 1',
    });
  });

  it('of servers that connect to each other all at once ends as a tree that knows all', async () => {
    const ports = await Promise.all([1, 2, 3, 4].map(() => freePort()));
    const clock = new RelayTestClock();
    const started = ports.map((port, i) =>
      network.add(i + 1, undefined, {
        port,
        clock,
        parent: { host: '127.0.0.1', port: ports[(i + 1) % ports.length] as number },
      }),
    );
    // They undo each other's links at first; what they wait for then is the backoff. Three links are a tree.
    const isWhole = () => {
      const views = [...network.servers.values()].map((server) => server.view());
      const ends = views.reduce((sum, view) => sum + view.adjacent_servers.length, 0);
      return views.length === 4 && views.every(({ hosts }) => hosts.length === 3) && ends === 6;
    };
    // It may look whole for a moment while news is still under way: it has to stay so for two seconds.
    let wholeFor = 0;
    await untilTrue('the four are one tree', () => {
      clock.pass(10);
      wholeFor = isWhole() ? wholeFor + 1 : 0;
      return wholeFor === 200;
    });
    await Promise.all(started);
    const ada = await network.join(1, 100);
    const bob = await network.join(3, 101);
    await ada.next('client');
    ada.send(raw.chat(100, 101, 'around'));
    expect(await bob.next('chat')).toMatchObject({ text: 'around' });
  });
});
