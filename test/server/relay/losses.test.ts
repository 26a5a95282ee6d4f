import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { RelayTestClock } from '../../support/relay/relay-clock.ts';
import { keepLogs } from '../../support/relay/relay-logs.ts';
import { RelayNetwork, untilTrue } from '../../support/relay/relay-network.ts';
import { RawListener, raw } from '../../support/relay/relay-raw-host.ts';

let network: RelayNetwork;
beforeEach(() => {
  network = new RelayNetwork();
});
afterEach(() => network.end());

/** Seven servers: 2 is an inner one, with 4, 5 and, behind 5, 7. */
const SEVEN = [[1], [2, 1], [3, 1], [4, 2], [5, 2], [6, 3], [7, 5]] as const;
const SERVERS = [1, 2, 3, 4, 5, 6, 7];
/** Backoff without chance: at once. */
const atOnce = { random: () => 0 };

async function addSeven(): Promise<void> {
  for (const [id, parent] of SEVEN) await network.add(id, parent, atOnce);
  await network.untilAllKnow(SERVERS);
}

describe('a client whose socket closes without a quit', () => {
  it.each(['destroy', 'resetAndDestroy'] as const)('has quit, everywhere (%s)', async (end) => {
    await network.addTree([[1], [2, 1], [3, 2]]);
    const ada = await network.join(1, 100);
    const bob = await network.join(3, 101);
    await ada.next('client');
    bob.socket[end]();
    expect(await ada.next('client_quit')).toEqual({
      type: 'client_quit',
      source: 101,
      text: 'The connection was lost',
    });
    await network.untilAllKnow([1, 2, 3, 100]);
  });
});

describe('an inner server that is killed', () => {
  it('takes its subtree out of the tables of the rest, and its clients are announced as gone', async () => {
    await addSeven();
    const ada = await network.join(6, 106);
    for (const at of [2, 4, 7]) await network.join(at, 100 + at);
    await network.untilAllKnow([...SERVERS, 102, 104, 106, 107]);
    await network.kill(2);
    for (const id of [102, 104, 107])
      expect(await ada.next('client_quit', ({ source }) => source === id)).toBeDefined();
    await untilTrue('the upper part knows only itself', () => {
      const upper = [1, 3, 6].map((id) => network.known(id).join());
      return upper.join(' ') === '3,6,106 1,6,106 1,3,106';
    });
    await untilTrue('the lower parts know only themselves', () => {
      const lower = [4, 5, 7].map((id) => network.known(id).join());
      return lower.join(' ') === '104 7,107 5,107';
    });
    ada.send(raw.chat(106, 107, 'lost?'));
    expect(await ada.next('status', ({ code }) => code === 1)).toMatchObject({ text: 'Unknown ID 107' });
  });

  it('that comes back finds its parent and its children again, and all tables are whole', async () => {
    await addSeven();
    const ada = await network.join(6, 106);
    const bob = await network.join(7, 107);
    await network.untilAllKnow([...SERVERS, 106, 107]);
    await network.kill(2);
    await network.join(4, 104);
    await network.add(2, 1, { ...atOnce, port: network.portOf(2) });
    await network.untilAllKnow([...SERVERS, 104, 106, 107]);
    expect(network.view(2).adjacent_servers).toEqual([1, 4, 5]);
    await ada.next('client', ({ source }) => source === 104);
    ada.send(raw.chat(106, 107, 'again'));
    expect(await bob.next('chat')).toMatchObject({ source: 106, text: 'again' });
  });

  it('that is the first of the network leaves two that wait for it', async () => {
    await network.add(1);
    await network.add(2, 1, atOnce);
    await network.add(3, 1, atOnce);
    await network.untilAllKnow([1, 2, 3]);
    await network.kill(1);
    await untilTrue('both are alone', () => network.known(2).length + network.known(3).length === 0);
    await network.add(1, undefined, { port: network.portOf(1) });
    await network.untilAllKnow([1, 2, 3]);
  });
});

describe('a server that quits', () => {
  it('names its parent as replacement, and its children attach there with all they know', async () => {
    await addSeven();
    const ada = await network.join(6, 106);
    const bob = await network.join(7, 107);
    await network.untilAllKnow([...SERVERS, 106, 107]);
    await network.server(2).stop();
    network.servers.delete(2);
    await network.untilAllKnow([1, 3, 4, 5, 6, 7, 106, 107]);
    expect(network.view(1).adjacent_servers).toEqual([3, 4, 5]);
    ada.send(raw.chat(106, 107, 'by another way'));
    expect(await bob.next('chat')).toMatchObject({ text: 'by another way' });
  });

  it('tells a server that others wrote its id, its replacement and where that is', async () => {
    await network.addTree([[1], [2, 1]]);
    const foreign = await network.connect(2);
    foreign.send(raw.server(3));
    await network.untilAllKnow([1, 2, 3]);
    await network.server(2).stop();
    expect(await foreign.next('server_quit')).toEqual({
      type: 'server_quit',
      source: 2,
      replacement: 1,
      text: `127.0.0.1:${network.portOf(1)}`,
    });
    await foreign.closed();
  });

  it('of others is forgotten with all behind it; one further away alone, and that is passed on', async () => {
    await network.addTree([[1], [2, 1]]);
    const ada = await network.join(1, 100);
    const foreign = await network.connect(2);
    foreign.send(raw.server(3), raw.server(30, 3), raw.client(300, 3));
    await network.untilAllKnow([1, 2, 3, 30, 100, 300]);
    foreign.send(raw.serverQuit(30, 3, 'moved'));
    await network.untilAllKnow([1, 2, 3, 100, 300]);
    foreign.send(raw.serverQuit(3, 2, ''));
    await network.untilAllKnow([1, 2, 100]);
    expect(await ada.next('client_quit')).toMatchObject({ source: 300 });
    await foreign.closed();
  });
});

describe('a parent', () => {
  it('that cannot be reached at the start is dialed again until it is there', async () => {
    const listener = await RawListener.listen();
    const { port } = listener;
    await listener.end();
    const adding = network.add(2, undefined, { ...atOnce, parent: { host: '127.0.0.1', port } });
    await network.add(1, undefined, { port });
    await adding;
    await network.untilAllKnow([1, 2]);
  });

  it('that lets nobody in is dialed ever more slowly, from 250 ms to 30 s, times chance', async () => {
    const listener = await RawListener.listen();
    const { log, lines } = keepLogs();
    const clock = new RelayTestClock();
    const parent = { host: '127.0.0.1', port: listener.port };
    await network.start(2, { clock, log, parent, random: () => 0.5 });
    const delays = () => lines.flatMap((line) => ('delayMs' in line ? [line.delayMs] : []));
    for (let attempt = 1; attempt <= 10; attempt += 1) {
      (await listener.accept()).socket.destroy();
      await untilTrue('the loss is noticed', () => delays().length === attempt);
      clock.pass(15_100);
    }
    expect(delays()).toEqual([125, 250, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000]);
    await listener.end();
  });

  it('that refuses is not asked again for 10 s', async () => {
    const clock = new RelayTestClock();
    const listener = await RawListener.listen();
    const first = listener.accept();
    const parent = { host: '127.0.0.1', port: listener.port };
    const server = await network.start(2, { clock, parent, random: () => 0 });
    const refusing = await first;
    await refusing.next('server');
    refusing.send(raw.status(1, 0, 2, 'A machine has already registered with ID 2'));
    await refusing.closed();
    clock.pass(9_900);
    expect(server.node.links.size).toBe(0);
    const second = listener.accept();
    clock.pass(200);
    (await second).send(raw.server(1, 1));
    await untilTrue('it is in', () => network.known(2).length === 1);
    expect(server.view().status_log).toEqual(['A machine has already registered with ID 2']);
    await listener.end();
  });

  it('is told again of every host that a server has when the link comes back, and of none twice', async () => {
    const listener = await RawListener.listen();
    const first = listener.accept();
    const parent = { host: '127.0.0.1', port: listener.port };
    const adding = network.add(2, undefined, { ...atOnce, parent });
    const before = await first;
    before.send(raw.server(1, 1), raw.client(100, 1));
    await adding;
    const ada = await network.join(2, 102);
    await ada.next('client', ({ source }) => source === 100);
    const second = listener.accept();
    before.socket.destroy();
    await ada.next('client_quit', ({ source }) => source === 100);
    const after = await second;
    await after.next('server');
    expect(after.inbox).toEqual([
      { type: 'server', source: 2, lastHop: 0, name: 'server 2', info: 'info 2' },
    ]);
    after.send(raw.server(1, 1));
    await after.next('client');
    expect(after.inbox.slice(1)).toEqual([
      { type: 'client', source: 102, lastHop: 2, name: 'client 102', info: '' },
    ]);
    await listener.end();
  });
});
