import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ELEVEN, RelayNetwork } from '../../support/relay/relay-network.ts';
import { raw } from '../../support/relay/relay-raw-host.ts';

const CHAIN_OF_FOUR = [[1], [2, 1], [3, 2], [4, 3]] as const;

let network: RelayNetwork;
beforeEach(() => {
  network = new RelayNetwork();
});
afterEach(() => network.end());

const firstLinks = (id: number) =>
  Object.fromEntries(network.view(id).hosts.map((host) => [host.id, host.first_link]));

describe('servers', () => {
  it('two know each other by id, name and info, as adjacent', async () => {
    await network.addTree([[1], [2, 1]]);
    expect(network.view(1)).toEqual({
      id: 1,
      name: 'server 1',
      info: 'info 1',
      adjacent_servers: [2],
      adjacent_clients: [],
      hosts: [{ id: 2, kind: 'server', name: 'server 2', info: 'info 2', first_link: 2 }],
      status_log: [],
    });
    expect(network.view(2)).toMatchObject({
      adjacent_servers: [1],
      hosts: [{ id: 1, kind: 'server', name: 'server 1', info: 'info 1', first_link: 1 }],
    });
  });

  it('four know all others and the first link to each', async () => {
    await network.addTree([[1], [2, 1], [3, 1], [4, 3]]);
    expect(firstLinks(1)).toEqual({ 2: 2, 3: 3, 4: 3 });
    expect(firstLinks(2)).toEqual({ 1: 1, 3: 1, 4: 1 });
    expect(firstLinks(3)).toEqual({ 1: 1, 2: 1, 4: 4 });
    expect(firstLinks(4)).toEqual({ 1: 3, 2: 3, 3: 3 });
  });

  it('eleven in a tree of depth five know all others and the first link to each', async () => {
    await network.addTree(ELEVEN);
    expect(firstLinks(1)).toEqual({ 2: 2, 3: 3, 4: 2, 5: 2, 6: 3, 7: 2, 8: 2, 9: 2, 10: 2, 11: 3 });
    expect(firstLinks(4)).toEqual({ 1: 2, 2: 2, 3: 2, 5: 2, 6: 2, 7: 7, 8: 8, 9: 7, 10: 7, 11: 2 });
    expect(network.view(4).adjacent_servers).toEqual([2, 7, 8]);
    expect(new Set(Object.values(firstLinks(10)))).toEqual(new Set([9]));
    expect(new Set(Object.values(firstLinks(11)))).toEqual(new Set([6]));
  });

  it('a newcomer is sent the server itself and all it knows, with that server as last hop', async () => {
    await network.addTree([[1], [2, 1]]);
    await network.join(2, 100, 'ada', 'admires engines');
    await network.untilAllKnow([1, 2, 100]);
    const newcomer = await network.connect(1);
    newcomer.send(raw.server(3));
    await newcomer.next('client');
    expect(newcomer.inbox).toEqual([
      { type: 'server', source: 1, lastHop: 1, name: 'server 1', info: 'info 1' },
      { type: 'server', source: 2, lastHop: 1, name: 'server 2', info: 'info 2' },
      { type: 'client', source: 100, lastHop: 1, name: 'ada', info: 'admires engines' },
    ]);
    await network.untilAllKnow([1, 2, 3, 100]);
  });

  it('a server that others wrote brings its own network along, and hears what happens in ours', async () => {
    await network.addTree([[1], [2, 1]]);
    const foreign = await network.connect(2);
    foreign.send(raw.server(3), raw.server(30, 3), raw.client(300, 3));
    await network.untilAllKnow([1, 2, 3, 30, 300]);
    expect(firstLinks(1)).toEqual({ 2: 2, 3: 2, 30: 2, 300: 2 });
    expect(firstLinks(2)).toEqual({ 1: 1, 3: 3, 30: 3, 300: 3 });
    const ada = await network.join(1, 100);
    expect(await foreign.next('client')).toMatchObject({ source: 100, lastHop: 2 });
    ada.send(raw.chat(100, 300, 'over there'));
    expect(await foreign.next('chat')).toEqual({
      type: 'chat',
      source: 100,
      destination: 300,
      text: 'over there',
    });
    foreign.send(raw.chat(300, 100, 'and back'));
    expect(await ada.next('chat')).toMatchObject({ source: 300, text: 'and back' });
  });
});

describe('clients', () => {
  it('one is welcomed with the words of the protocol', async () => {
    await network.add(1);
    const ada = await network.join(1, 100, 'Ada');
    expect(ada.inbox).toEqual([
      {
        type: 'status',
        source: 1,
        destination: 100,
        code: 0,
        text: 'Welcome to the Clemson Relay Chat network Ada',
      },
    ]);
  });

  it('a newcomer is told of every client and of no server, and every client of the newcomer', async () => {
    await network.addTree([[1], [2, 1]]);
    const ada = await network.join(1, 100, 'ada');
    const bob = await network.join(2, 101, 'bob');
    const eve = await network.join(2, 102, 'eve');
    await ada.next('client', ({ source }) => source === 102);
    await bob.next('client', ({ source }) => source === 102);
    await eve.next('client', ({ source }) => source === 101);
    const others = (host: typeof ada) => host.inbox.filter((message) => message.type !== 'status');
    expect(others(ada)).toEqual([
      { type: 'client', source: 101, lastHop: 1, name: 'bob', info: '' },
      { type: 'client', source: 102, lastHop: 1, name: 'eve', info: '' },
    ]);
    expect(others(bob).map((message) => message.source)).toEqual([100, 102]);
    expect(others(eve)).toEqual([
      { type: 'client', source: 100, lastHop: 2, name: 'ada', info: '' },
      { type: 'client', source: 101, lastHop: 2, name: 'bob', info: '' },
    ]);
  });

  it('eight that join before, between and after the servers are known everywhere', async () => {
    await network.add(1);
    await network.join(1, 100);
    await network.join(1, 101);
    await network.add(2, 1);
    await network.join(2, 102);
    await network.add(3, 2);
    await network.join(3, 103);
    await network.join(1, 104);
    await network.add(4, 1);
    for (const [server, id] of [
      [4, 105],
      [2, 106],
      [3, 107],
    ] as const)
      await network.join(server, id);
    await network.untilAllKnow([1, 2, 3, 4, 100, 101, 102, 103, 104, 105, 106, 107]);
    expect(firstLinks(1)).toMatchObject({ 100: 100, 101: 101, 102: 2, 103: 2, 104: 104, 105: 4, 107: 2 });
    expect(network.view(1).adjacent_clients).toEqual([100, 101, 104]);
  });
});

describe('messages', () => {
  it.each([
    ['no hop', 1],
    ['one hop', 2],
    ['three hops', 4],
  ])('pass over %s, both ways, unchanged and to nobody else', async (_, server) => {
    await network.addTree(CHAIN_OF_FOUR);
    const ada = await network.join(1, 100);
    const bob = await network.join(server, 101);
    const bystanders = await Promise.all([1, 2, 3, 4].map((at) => network.join(at, 110 + at)));
    await network.untilAllKnow([1, 2, 3, 4, 100, 101, 111, 112, 113, 114]);
    ada.send(raw.chat(100, 101, 'grüße ✓'));
    expect(await bob.next('chat')).toEqual({
      type: 'chat',
      source: 100,
      destination: 101,
      text: 'grüße ✓',
    });
    bob.send(raw.chat(101, 100, ''));
    expect(await ada.next('chat')).toEqual({ type: 'chat', source: 101, destination: 100, text: '' });
    for (const bystander of bystanders)
      expect(bystander.inbox.some(({ type }) => type === 'chat')).toBe(false);
  });

  it('keep their order, a thousand of them over three hops', async () => {
    await network.addTree(CHAIN_OF_FOUR);
    const ada = await network.join(1, 100);
    const bob = await network.join(4, 101);
    await ada.next('client');
    const texts = Array.from({ length: 1_000 }, (_, i) => `message ${i}`);
    ada.send(...texts.map((text) => raw.chat(100, 101, text)));
    await bob.next('chat', ({ text }) => text === 'message 999');
    expect(bob.inbox.flatMap((message) => (message.type === 'chat' ? [message.text] : []))).toEqual(texts);
  });

  it('come back when one writes to itself', async () => {
    await network.add(1);
    const ada = await network.join(1, 100);
    ada.send(raw.chat(100, 100, 'note'));
    expect(await ada.next('chat')).toMatchObject({ source: 100, text: 'note' });
  });

  it('to an id nobody has are answered with the status of the server that could not go on', async () => {
    await network.addTree([[1], [2, 1]]);
    const ada = await network.join(2, 100);
    ada.send(raw.chat(100, 4_000_000_000, 'anybody?'));
    expect(await ada.next('status', ({ code }) => code === 1)).toEqual({
      type: 'status',
      source: 2,
      destination: 100,
      code: 1,
      text: 'Unknown ID 4000000000',
    });
  });

  it('to a client that quit are answered with the status, over three hops', async () => {
    await network.addTree(CHAIN_OF_FOUR);
    const ada = await network.join(1, 100);
    const bob = await network.join(4, 101);
    await ada.next('client');
    bob.send(raw.clientQuit(101, 'good night'));
    expect(await ada.next('client_quit')).toEqual({ type: 'client_quit', source: 101, text: 'good night' });
    ada.send(raw.chat(100, 101, 'still there?'));
    expect(await ada.next('status', ({ code }) => code === 1)).toMatchObject({ text: 'Unknown ID 101' });
  });

  it('an unknown id found out far away is told to the source over all hops', async () => {
    await network.addTree([[1], [2, 1]]);
    const foreign = await network.connect(2);
    foreign.send(raw.server(3), raw.client(300, 3));
    await network.untilAllKnow([1, 2, 3, 300]);
    foreign.send(raw.chat(300, 5, 'to nobody'));
    expect(await foreign.next('status')).toMatchObject({ destination: 300, code: 1, text: 'Unknown ID 5' });
    const ada = await network.join(1, 100);
    foreign.send(raw.status(3, 100, 1, 'Unknown ID 77'));
    expect(await ada.next('status', ({ code }) => code === 1)).toMatchObject({
      source: 3,
      text: 'Unknown ID 77',
    });
  });

  it('a status for a server, or for id 0, is kept in its log', async () => {
    await network.addTree([[1], [2, 1]]);
    const foreign = await network.connect(2);
    foreign.send(
      raw.server(3),
      raw.status(3, 1, 9, 'for the first'),
      raw.status(3, 0, 9, 'for whom it reaches'),
    );
    const ada = await network.join(2, 100);
    // Sent over the same link after the status, so the log is written when it arrives.
    foreign.send(raw.client(300, 3));
    await ada.next('client');
    await network.untilAllKnow([1, 2, 3, 100, 300]);
    expect(network.view(1).status_log).toEqual(['for the first']);
    expect(network.view(2).status_log).toEqual(['for whom it reaches']);
  });
});

describe('quits', () => {
  it('on one server: the others are told, in its words, and it is forgotten', async () => {
    await network.add(1);
    const ada = await network.join(1, 100);
    const bob = await network.join(1, 101);
    bob.send(raw.clientQuit(101, 'tired'));
    expect(await ada.next('client_quit')).toEqual({ type: 'client_quit', source: 101, text: 'tired' });
    await bob.closed();
    expect(bob.inbox.some(({ type }) => type === 'client_quit')).toBe(false);
    expect(network.known(1)).toEqual([100]);
  });

  it('on three servers: every table forgets the client, and its id is free again', async () => {
    await network.addTree([[1], [2, 1], [3, 1]]);
    const bob = await network.join(2, 101);
    await network.untilAllKnow([1, 2, 3, 101]);
    bob.send(raw.clientQuit(101, ''));
    await network.untilAllKnow([1, 2, 3]);
    await network.join(3, 101);
    await network.untilAllKnow([1, 2, 3, 101]);
  });

  it('on eleven servers: every table forgets the clients that quit, and no other', async () => {
    await network.addTree(ELEVEN);
    const servers = ELEVEN.map(([id]) => id);
    const clients = await Promise.all([1, 5, 8, 10, 11].map((at) => network.join(at, 100 + at)));
    await network.untilAllKnow([...servers, 101, 105, 108, 110, 111]);
    clients[1]?.send(raw.clientQuit(105, ''));
    clients[3]?.send(raw.clientQuit(110, ''));
    await network.untilAllKnow([...servers, 101, 108, 111]);
    expect(await clients[4]?.next('client_quit', ({ source }) => source === 110)).toBeDefined();
  });
});
