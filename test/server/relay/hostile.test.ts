import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { RelaySocket } from '../../../src/server/relay/relay-socket.ts';
import { RelayTestClock } from '../../support/relay/relay-clock.ts';
import { keepLogs } from '../../support/relay/relay-logs.ts';
import { RelayNetwork, untilTrue } from '../../support/relay/relay-network.ts';
import { type RawHost, RawListener, raw } from '../../support/relay/relay-raw-host.ts';

let network: RelayNetwork;
beforeEach(() => {
  network = new RelayNetwork();
});
afterEach(() => network.end());

/** Writes until the other end's server says stop, at the pace at which it takes the bytes. */
async function flood(host: RawHost, message: Buffer, isEnough: () => boolean): Promise<void> {
  while (!isEnough()) {
    if (!host.socket.write(message)) await Promise.race([once(host.socket, 'drain'), host.closed()]);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('a host that does not register', () => {
  it('is closed after 10 s, and not before', async () => {
    const clock = new RelayTestClock();
    const server = await network.add(1, undefined, { clock });
    const host = await network.connect(1);
    await untilTrue('the link is open', () => server.node.links.size === 1);
    clock.pass(9_900);
    expect(server.node.links.size).toBe(1);
    clock.pass(200);
    expect(server.node.links.size).toBe(0);
    await host.closed();
  });

  it('is closed after 10 s all the same when its registrations are refused', async () => {
    const clock = new RelayTestClock();
    const server = await network.add(1, undefined, { clock });
    const host = await network.connect(1);
    host.send(raw.server(1));
    await host.next('status');
    clock.pass(9_900);
    host.send(raw.server(1));
    await host.until(({ inbox }) => inbox.length === 2);
    clock.pass(200);
    expect(server.node.links.size).toBe(0);
    await host.closed();
  });

  it('stays for as long as it likes once it is registered', async () => {
    const clock = new RelayTestClock();
    await network.add(1, undefined, { clock });
    const ada = await network.join(1, 100);
    clock.pass(3_600_000);
    ada.send(raw.chat(100, 100, 'still here'));
    await ada.next('chat');
    expect(ada.isClosed).toBe(false);
    expect(network.known(1)).toEqual([100]);
  });

  it.each([
    ['a chat', raw.chat(100, 100, 'x')],
    ['a status', raw.status(100, 0, 1, 'x')],
    ['a client quit', raw.clientQuit(100, 'x')],
    ['a server quit', raw.serverQuit(1, 0, 'x')],
    ['a registration that was passed on', raw.client(100, 7)],
  ])('is closed at once when it sends %s instead', async (_, bytes) => {
    await network.add(1, undefined, { clock: new RelayTestClock() });
    const ada = await network.join(1, 100);
    const host = await network.connect(1);
    host.send(bytes);
    await host.closed();
    expect(host.inbox).toEqual([]);
    ada.send(raw.chat(100, 100, 'unharmed'));
    await ada.next('chat', ({ text }) => text === 'unharmed');
    expect(ada.inbox).toHaveLength(2);
  });

  it('as a parent is given up after 10 s, and dialed again', async () => {
    const clock = new RelayTestClock();
    const listener = await RawListener.listen();
    const first = listener.accept();
    const options = { clock, random: () => 0, parent: { host: '127.0.0.1', port: listener.port } };
    const adding = network.add(2, undefined, options);
    const silent = await first;
    await silent.next('server');
    const second = listener.accept();
    clock.pass(10_200);
    await silent.closed();
    expect(network.known(2)).toEqual([]);
    clock.pass(200);
    const answering = await second;
    answering.send(raw.server(1, 1));
    await adding;
    expect(network.known(2)).toEqual([1]);
    await listener.end();
  });
});

describe('bytes that are not the protocol', () => {
  const claimOf4GiB = Buffer.concat([
    Buffer.from([0x81]),
    Buffer.from([0, 0, 0, 100, 0, 0, 0, 100]),
    Buffer.alloc(4, 0xff),
  ]);

  it.each([
    [
      'a length of 4 GiB',
      claimOf4GiB,
      'link closed: what it sent was refused: a client_chat claims 4294967295 bytes of content; at most 65536 are allowed',
    ],
    [
      'an HTTP request',
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
      'link closed: what it sent was refused: no message starts with byte 0x47',
    ],
  ])('%s closes that link with a line in the log, and no other', async (_, bytes, line) => {
    const { log, lines } = keepLogs();
    await network.add(1, undefined, { log });
    const ada = await network.join(1, 100);
    const bad = await network.join(1, 101);
    bad.send(bytes);
    await bad.closed();
    await ada.next('client_quit', ({ source }) => source === 101);
    expect(lines.map(({ msg }) => msg)).toContain(line);
    ada.send(raw.chat(100, 100, 'unharmed'));
    await ada.next('chat');
  });

  it('that follow a message do not undo it', async () => {
    await network.add(1);
    const ada = await network.join(1, 100);
    const bob = await network.join(1, 101);
    bob.send(raw.chat(101, 100, 'last words'), Buffer.from([0x7f]));
    await ada.next('client_quit');
    expect(ada.inbox.map(({ type }) => type)).toEqual(['status', 'client', 'chat', 'client_quit']);
  });
});

describe('a client', () => {
  it('can send chat and quit only in its own name', async () => {
    await network.addTree([[1], [2, 1]]);
    const ada = await network.join(1, 100);
    const bob = await network.join(2, 101);
    const eve = await network.join(1, 102);
    await network.untilAllKnow([1, 2, 100, 101, 102]);
    eve.send(
      raw.chat(101, 100, 'forged'),
      raw.chat(2, 100, 'forged'),
      raw.chat(999, 100, 'forged'),
      raw.clientQuit(101, 'forged'),
      raw.clientQuit(100, 'forged'),
      raw.serverQuit(2, 1, 'forged'),
      raw.status(1, 100, 0, 'forged'),
      raw.client(555, 102),
      raw.server(556),
      raw.chat(102, 100, 'in my own name'),
    );
    expect(await ada.next('chat')).toMatchObject({ source: 102, text: 'in my own name' });
    expect(ada.inbox.filter(({ type }) => type !== 'client')).toHaveLength(2);
    expect(bob.isClosed).toBe(false);
    expect([network.known(1), network.known(2)]).toEqual([
      [2, 100, 101, 102],
      [1, 100, 101, 102],
    ]);
  });

  it('that floods what it may not send fills no disk: the log has the 1st, 10th and 100th', async () => {
    const { log, lines } = keepLogs();
    await network.add(1, undefined, { log });
    const eve = await network.join(1, 102);
    eve.send(...Array.from({ length: 150 }, () => raw.clientQuit(1, 'forged')), raw.chat(102, 102, 'done'));
    await eve.next('chat');
    expect(lines.filter(({ msg }) => msg.startsWith('passed over'))).toHaveLength(3);
  });

  it('that does not read is closed at the bound and announced as gone; the sender goes on', async () => {
    await network.add(1, undefined, { maxUnsentBytes: 64 * 1024 });
    const slow = await network.join(1, 100);
    const fast = await network.join(1, 101);
    slow.socket.pause();
    const isGone = () => fast.inbox.some(({ type }) => type === 'client_quit');
    await flood(fast, raw.chat(101, 100, 'x'.repeat(60_000)), isGone);
    expect(network.known(1)).toEqual([101]);
    fast.send(raw.chat(101, 101, 'unharmed'));
    await fast.next('chat');
  });
});

describe('a server', () => {
  it('that does not read is closed at the bound, and its subtree is pruned', async () => {
    await network.add(1, undefined, { maxUnsentBytes: 64 * 1024 });
    const slow = await network.connect(1);
    slow.send(raw.server(3), raw.client(300, 3), raw.client(301, 3));
    const fast = await network.join(1, 101);
    await fast.next('client', ({ source }) => source === 301);
    slow.socket.pause();
    const isGone = () => fast.inbox.filter(({ type }) => type === 'client_quit').length === 2;
    await flood(fast, raw.chat(101, 300, 'x'.repeat(60_000)), isGone);
    expect(network.known(1)).toEqual([101]);
  });

  it('is owed all that is known, even when that is more than the bound', async () => {
    await network.add(1, undefined, { maxUnsentBytes: 1024 });
    const crowd = await network.connect(1);
    const info = 'x'.repeat(60_000);
    const ids = Array.from({ length: 150 }, (_, i) => 1_000 + i);
    crowd.send(raw.server(3), ...ids.map((id) => raw.client(id, 3, 'c', info)));
    await untilTrue('all are known', () => network.known(1).length === 151);
    const newcomer = await network.connect(1);
    newcomer.socket.pause();
    newcomer.send(raw.server(4));
    await untilTrue('it is in', () => network.known(1).includes(4));
    newcomer.socket.resume();
    await newcomer.next('client', ({ source }) => source === 1_149);
    expect(network.known(1)).toContain(4);
  });

  /** A network with 9 MB of infos, and a newcomer that registers and reads nothing. */
  async function unreadNewcomer(clock: RelayTestClock) {
    const server = await network.add(1, undefined, { clock });
    const crowd = await network.connect(1);
    const info = 'x'.repeat(60_000);
    crowd.send(raw.server(3), ...Array.from({ length: 150 }, (_, i) => raw.client(1_000 + i, 3, 'c', info)));
    await untilTrue('all are known', () => network.known(1).length === 151);
    const newcomer = await network.connect(1);
    newcomer.socket.pause();
    newcomer.send(raw.server(4));
    await untilTrue('it is in', () => network.known(1).includes(4));
    const port = server.node.linkTo(4)?.port as RelaySocket;
    return { server, crowd, newcomer, port };
  }

  it('that does not read its introduction of 9 MB costs no copy of it, and is closed after 10 s', async () => {
    const clock = new RelayTestClock();
    const { newcomer, port } = await unreadNewcomer(clock);
    expect(port.unsentBytes).toBeLessThan(256 * 1024);
    clock.pass(9_900);
    expect(network.known(1)).toContain(4);
    clock.pass(2_000);
    expect(network.known(1)).not.toContain(4);
    newcomer.socket.resume();
    await newcomer.closed();
  });

  it('is told what happens during its introduction after it, and in order', async () => {
    const { crowd, newcomer } = await unreadNewcomer(new RelayTestClock());
    crowd.send(raw.clientQuit(1_149, 'bye'), raw.client(2_000, 3, 'late'));
    await untilTrue('they are known', () => network.known(1).includes(2_000));
    newcomer.socket.resume();
    await newcomer.next('client', ({ source }) => source === 2_000);
    const of = (id: number) => newcomer.inbox.filter(({ source }) => source === id).map(({ type }) => type);
    expect(of(1_149)).toEqual(['client', 'client_quit']);
    expect(new Set(newcomer.inbox.map(({ source }) => source)).size).toBe(153);
  });

  it('that takes some of its introduction in time gets 10 s more for the rest', async () => {
    const clock = new RelayTestClock();
    const { newcomer, port } = await unreadNewcomer(clock);
    clock.pass(6_000);
    const before = port.takenBytes;
    newcomer.socket.resume();
    await untilTrue('more is taken', () => port.takenBytes > before);
    newcomer.socket.pause();
    clock.pass(6_000);
    expect(network.known(1)).toContain(4);
  });

  it('cannot speak or quit for hosts that are not behind it', async () => {
    await network.addTree([[1], [2, 1]]);
    const ada = await network.join(2, 100);
    const bob = await network.join(1, 101);
    const foreign = await network.connect(1);
    foreign.send(raw.server(3));
    await network.untilAllKnow([1, 2, 3, 100, 101]);
    foreign.send(
      raw.chat(100, 101, 'forged'),
      raw.clientQuit(100, 'forged'),
      raw.clientQuit(3, 'a server is no client'),
      raw.serverQuit(2, 0, 'forged'),
      raw.serverQuit(1, 0, 'forged'),
      raw.clientQuit(987, 'nobody'),
      raw.client(300, 3),
      raw.chat(300, 101, 'honest'),
    );
    expect(await bob.next('chat')).toMatchObject({ source: 300, text: 'honest' });
    expect(ada.isClosed).toBe(false);
    await network.untilAllKnow([1, 2, 3, 100, 101, 300]);
  });

  it('that sends a chat back to where it came from gets no echo: its source is told', async () => {
    await network.add(1);
    const foreign = await network.connect(1);
    foreign.send(raw.server(3), raw.client(300, 3), raw.client(301, 3), raw.chat(300, 301, 'the wrong way'));
    expect(await foreign.next('status')).toMatchObject({ destination: 300, code: 1, text: 'Unknown ID 301' });
    expect(foreign.inbox.some(({ type }) => type === 'chat')).toBe(false);
  });

  it('that names a last hop that it is not is closed and pruned', async () => {
    await network.add(1);
    const foreign = await network.connect(1);
    foreign.send(raw.server(3), raw.client(300, 3), raw.client(301, 77));
    await foreign.closed();
    expect(network.known(1)).toEqual([]);
  });
});

describe('the log', () => {
  it('never has what people wrote', async () => {
    const { log, text } = keepLogs();
    await network.add(1, undefined, { log });
    const ada = await network.join(1, 100, 'name-of-ada', 'info-of-ada');
    ada.send(
      raw.chat(100, 100, 'chat-secret'),
      raw.chat(100, 7, 'chat-secret'),
      raw.chat(5, 7, 'chat-secret'),
      raw.status(100, 0, 0, 'status-secret'),
      raw.clientQuit(100, 'quit-secret'),
    );
    await ada.closed();
    await untilTrue('the client is gone', () => network.known(1).length === 0);
    expect(text()).toMatch(/registered/);
    expect(text()).not.toMatch(/secret|of-ada/);
  });
});
