/**
 * One kind of attack on every wire that the server speaks: what is refused, how its sender ends, and that the one who it
 * was meant for keeps its session and hears nothing of it.
 */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { type ClientOptions, WebSocket } from 'ws';
import { startTestServer, type TestServer } from '../support/servers/test-server.ts';

/** Each end of a connection under attack: whoever sends, and the one who it sends to. */
interface Ends {
  readonly attacker: WebSocket;
  readonly victim: WebSocket;
  /** The frame by which the attacker hands the victim that JSON, as its wire has it. */
  readonly frame: (json: string) => string;
}

interface Wire {
  /** Path and query of a socket. @param place 0: the attacker's, 1: the victim's */
  readonly path: (place: number) => string;
  /** Brings the two together. */
  readonly meet: (attacker: WebSocket, victim: WebSocket) => Promise<Ends['frame']>;
}

const heard = new WeakMap<WebSocket, string[]>();

function socketTo(url: string, options: ClientOptions = {}): WebSocket {
  const socket = new WebSocket(url, options);
  const texts: string[] = [];
  heard.set(socket, texts);
  socket.on('error', () => {});
  socket.on('message', (data) => texts.push(String(data)));
  return socket;
}

/** The first text that fits, of those that came and come. */
async function text(socket: WebSocket, pattern: RegExp): Promise<RegExpExecArray> {
  for (;;) {
    for (const each of heard.get(socket) ?? []) {
      const match = pattern.exec(each);
      if (match) return match;
    }
    if (socket.readyState > WebSocket.OPEN) throw new Error(`closed before ${pattern} came`);
    await Promise.race([once(socket, 'message'), once(socket, 'close')]);
  }
}

const idOf = async (socket: WebSocket) => (await text(socket, /"your_id","id":"([^"]+)"/))[1];

const candidate = (json: string, more = '') =>
  `{"type":"candidate","candidate":{"candidate":"","x":${json}}${more}}`;

/** Two clients of the native wire pair by id. @param numbered puts a message into a frame */
async function pair(attacker: WebSocket, victim: WebSocket, numbered = (message: string) => message) {
  await idOf(attacker);
  attacker.send(numbered(`{"type":"pair_request","target_id":"${await idOf(victim)}"}`));
  await text(victim, /"paired"/);
  return (await text(attacker, /"paired".*"epoch":(\d+)/))[1];
}

const wires: { readonly [name: string]: Wire } = {
  native: {
    path: () => '',
    meet: async (...ends) => {
      await pair(...ends);
      return candidate;
    },
  },
  'native, several peers': {
    path: () => '?peers=4',
    meet: async (...ends) => {
      const epoch = await pair(...ends);
      return (json) => candidate(json, `,"epoch":${epoch}`);
    },
  },
  'native, resumable': {
    path: () => '?resume=1',
    meet: async (...ends) => {
      let seq = 0;
      const numbered = (message: string) => {
        seq += 1;
        return `[${seq},0,${message}]`;
      };
      await pair(...ends, numbered);
      return (json) => numbered(candidate(json));
    },
  },
  rooms: {
    path: () => '?peers=4',
    meet: async (attacker, victim) => {
      for (const member of [victim, attacker]) {
        member.send('{"type":"join_room","room":"r","create":{}}');
        await text(member, /"room_joined"/);
      }
      await text(victim, /"paired"/);
      const [, epoch] = await text(attacker, /"paired".*"epoch":(\d+)/);
      return (json) => candidate(json, `,"epoch":${epoch}`);
    },
  },
  PeerJS: {
    path: (place) => `peerjs?key=peerjs&id=peer${place}&token=t`,
    meet: async (...ends) => {
      for (const end of ends) await text(end, /OPEN/);
      return (json) => `{"type":"CANDIDATE","dst":"peer1","payload":${json}}`;
    },
  },
  'y-webrtc': {
    path: () => 'y-webrtc',
    meet: async (_attacker, victim) => {
      victim.send('{"type":"subscribe","topics":["t"]}');
      victim.send('{"type":"ping"}');
      await text(victim, /pong/);
      return (json) => `{"type":"publish","topic":"t","data":${json}}`;
    },
  },
  Trystero: {
    path: () => 'trystero',
    meet: async (_attacker, victim) => {
      victim.send('{"type":"subscribe","topic":"t"}');
      victim.send('{"type":"publish","topic":"t","payload":"there"}');
      await text(victim, /there/);
      return (json) => `{"type":"publish","topic":"t","payload":${json}}`;
    },
  },
  'Socket.IO': {
    path: () => 'socket.io/?EIO=4&transport=websocket',
    meet: async (attacker, victim) => {
      for (const [id, player] of [attacker, victim].entries()) {
        player.send('40');
        await text(player, /^40/);
        player.send(`420["join_game",{"game_id":"g","player_id":${id}}]`);
        await text(player, /^430/);
      }
      return (json) =>
        `42["webrtc_signal",{"game_id":"g","target_player_id":1,"type":"offer","payload":${json}}]`;
    },
  },
};

const start = (options = {}) =>
  startTestServer({
    rooms: true,
    peerjs: true,
    topics: true,
    pingIntervalMs: 0,
    logLevel: 'info',
    ...options,
  });

async function meet({ server }: TestServer, { path, meet }: Wire): Promise<Ends> {
  const [attacker, victim] = [socketTo(`${server.url}${path(0)}`), socketTo(`${server.url}${path(1)}`)];
  await Promise.all([once(attacker, 'open'), once(victim, 'open')]);
  return { attacker, victim, frame: await meet(attacker, victim) };
}

/** Once everything that was sent before was dealt with: how the socket is. */
async function settled(socket: WebSocket): Promise<'open' | 'closed'> {
  if (socket.readyState === WebSocket.OPEN)
    await new Promise<void>((resolve) => {
      // Of all that it sent, also pings, the last.
      socket.on('pong', (data) => String(data) === 'last' && resolve());
      socket.on('close', () => resolve());
      socket.ping('last');
    });
  return socket.readyState === WebSocket.OPEN ? 'open' : 'closed';
}

interface Outcome {
  readonly attacker: 'open' | 'closed';
  readonly victim: 'open' | 'closed';
  /** How often what was sent is in what the victim heard. */
  readonly heard: number;
}

/** Attacks on each wire, one after another. @param mark what the victim would hear of it */
async function attack(test: TestServer, mark: string, act: (ends: Ends) => void) {
  const outcomes: Record<string, Outcome> = {};
  for (const [name, wire] of Object.entries(wires)) {
    const ends = await meet(test, wire);
    act(ends);
    const attacker = await settled(ends.attacker);
    const victim = await settled(ends.victim);
    const count = (heard.get(ends.victim) ?? []).filter((each) => each.includes(mark)).length;
    outcomes[name] = { attacker, victim, heard: count };
    for (const end of [ends.attacker, ends.victim]) end.terminate();
  }
  return outcomes;
}

const onEachWire = (outcome: unknown) =>
  Object.fromEntries(Object.keys(wires).map((name) => [name, outcome]));

const mistakes = ({ log }: TestServer) => log.filter(({ level }) => level >= 50).map(({ msg }) => msg);

describe('on every wire', () => {
  it('JSON of 10,000 levels reaches nobody, and ends nobody’s session', async () => {
    const test = await start();
    const outcomes = await attack(test, '[[[', ({ attacker, frame }) =>
      attacker.send(frame(`${'['.repeat(10_000)}${']'.repeat(10_000)}`)),
    );
    expect(outcomes).toEqual(onEachWire({ attacker: 'open', victim: 'open', heard: 0 }));
    expect(mistakes(test)).toEqual([]);
  });

  it('JSON of 10,000 values or of half a character reaches nobody', async () => {
    const test = await start();
    const outcomes = await attack(test, 'mark', ({ attacker, frame }) => {
      attacker.send(frame(`["mark"${',1'.repeat(10_000)}]`));
      attacker.send(Buffer.concat([Buffer.from(frame('"mark')), Buffer.from([0xff])]));
    });
    for (const [name, { victim, heard }] of Object.entries(outcomes))
      expect([name, victim, name === 'Socket.IO' ? 0 : heard]).toEqual([name, 'open', 0]);
    expect(mistakes(test)).toEqual([]);
  });

  it('a message of more than 64 KiB reaches nobody, and its sender goes on', async () => {
    const test = await start();
    const outcomes = await attack(test, 'xxx', ({ attacker, frame }) =>
      attacker.send(frame(`"${'x'.repeat(64 * 1024)}"`)),
    );
    expect(outcomes).toEqual(onEachWire({ attacker: 'open', victim: 'open', heard: 0 }));
  });

  it('a frame that says that 16 MiB are to come ends its sender at once', async () => {
    const test = await start();
    const outcomes = await attack(test, 'xxx', ({ attacker }) => {
      const head = Buffer.from([0x81, 0xff, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
      (attacker as unknown as { readonly _socket: Socket })._socket.write(head);
    });
    expect(outcomes).toEqual(onEachWire({ attacker: 'closed', victim: 'open', heard: 0 }));
  });

  it('200 of 600 messages at once reach their peer, and their sender is closed', async () => {
    const test = await start();
    const outcomes = await attack(test, 'mark', ({ attacker, frame }) => {
      for (let n = 0; n < 600; n += 1) attacker.send(frame('"mark"'));
    });
    for (const [name, { attacker, victim, heard }] of Object.entries(outcomes)) {
      expect([name, attacker, victim]).toEqual([name, 'closed', 'open']);
      // Who may have several peers may say a little more.
      expect(heard).toBeLessThanOrEqual(400);
    }
    expect(test.server.parts.metrics.refused.get('flood')).toBe(Object.keys(wires).length);
  });

  it('100 of 180 messages at once reach their peer with --max-messages-per-address 25, and their sender goes on', async () => {
    for (const [name, wire] of Object.entries(wires)) {
      const test = await start({ maxMessagesPerAddress: 25 });
      const { attacker, victim, frame } = await meet(test, wire);
      for (let n = 0; n < 180; n += 1) attacker.send(frame('"mark"'));
      const states = [await settled(attacker), await settled(victim)];
      const passed = (heard.get(victim) ?? []).filter((each) => each.includes('mark')).length;
      expect([name, ...states]).toEqual([name, 'open', 'open']);
      // The rest of the 100 are what brought them together.
      expect(passed).toBeGreaterThan(85);
      expect(passed).toBeLessThanOrEqual(100);
      const kinds = new Set(test.log.filter(({ event }) => event === 'refused').map(({ kind }) => kind));
      expect([name, kinds.has('messages_per_address')]).toEqual([name, true]);
      for (const end of [attacker, victim]) end.terminate();
    }
  });

  it('1,000 pings of WebSocket at once end their sender', async () => {
    const test = await start();
    const outcomes = await attack(test, 'mark', ({ attacker }) => {
      for (let n = 0; n < 1_000; n += 1) attacker.ping();
    });
    expect(outcomes).toEqual(onEachWire({ attacker: 'closed', victim: 'open', heard: 0 }));
  });
});

/** The status that answers an upgrade; 101 for a socket, which stays open. */
async function statusOf(url: string, options: ClientOptions): Promise<number> {
  const socket = socketTo(url, options);
  return new Promise((resolve) => {
    socket.on('unexpected-response', (request, response) => {
      resolve(response.statusCode ?? 0);
      request.destroy();
    });
    socket.on('open', () => resolve(101));
  });
}

async function statuses(test: TestServer, optionsFor: (place: number) => ClientOptions) {
  const found: Record<string, number> = {};
  for (const [place, [name, { path }]] of Object.entries(wires).entries())
    found[name] = await statusOf(`${test.server.url}${path(0)}`, optionsFor(place));
  return found;
}

/** Socket.IO answers every refusal with its own status. */
const refused = (status: number) => ({ ...onEachWire(status), 'Socket.IO': 403 });

describe('at the door of every wire', () => {
  it('a page of another origin is refused, and one of a name that leads here by rebinding, with a line each in the log', async () => {
    const test = await start();
    for (let times = 0; times < 3; times += 1) {
      expect(await statuses(test, () => ({ origin: 'https://evil.example' }))).toEqual(refused(403));
      const rebound = { origin: 'http://evil.example', headers: { host: 'evil.example' } };
      expect(await statuses(test, () => rebound)).toEqual(refused(403));
    }
    const lines = test.log.filter(({ event }) => event === 'refused').map(({ kind }) => kind);
    expect(lines).toEqual(['origin']);
  });

  it('the address that a proxy adds in a line of its own counts, whatever line is before it', async () => {
    const test = await start({ trustProxy: ['127.0.0.1'], maxConnectionsPerAddress: 1 });
    // Its typings know one line a header.
    const from = (forged: string) => (place: number) =>
      ({ headers: { 'x-forwarded-for': [forged, `::ffff:203.0.113.${place}`] } }) as unknown as ClientOptions;
    expect(await statuses(test, from('127.0.0.1'))).toEqual(onEachWire(101));
    expect(await statuses(test, from('198.51.100.7'))).toEqual(refused(429));
  });

  it('one limit of connections is for all wires together', async () => {
    const test = await start({ maxConnections: Object.keys(wires).length });
    expect(await statuses(test, () => ({}))).toEqual(onEachWire(101));
    expect(await statuses(test, () => ({}))).toEqual(refused(503));
  });
});
