/**
 * Paths generated from the room machine, walked by real clients over real WebSockets. The machine says only where to go; what
 * each client hears on the way, and in which state the room is, a model says that is written from the docs.
 */
import { describe, expect, it } from '@jest/globals';
import { type RoomEvent, type RoomInput, roomExamples, roomMachine } from '../../../../src/machines/index.ts';
import { type Path, type Place, placesOf, walks } from '../../../../src/testing/machines/paths.ts';
import { RecordingHost } from '../../../../src/testing/machines/recording-host.ts';
import type { RawClient, Received } from '../../../support/clients/raw-client.ts';
import { type RoomDid, RoomModel } from '../../../support/model/room-model.ts';
import { startTestServer, type TestServer } from '../../../support/servers/test-server.ts';
import { until } from '../../../support/until.ts';

const CLOSING_MS = 10_000;
const NAMES = ['first', 'second', 'third'];
const PASSWORD = 'the password';

type Event = Extract<
  RoomEvent,
  {
    type:
      | 'JOIN_REQUESTED'
      | 'LEAVE_REQUESTED'
      | 'METADATA_REQUESTED'
      | 'LOCK_REQUESTED'
      | 'MEMBER_LOST'
      | 'ENDED';
  }
>;

/** What takes another node is judged in cluster/rooms/model.test.ts; too many guesses count for all of one address. */
function isOfClients(event: RoomEvent): event is Event {
  const { type } = event;
  if (type === 'JOIN_REQUESTED') return event.password !== 'guessed_too_often';
  return ['LEAVE_REQUESTED', 'METADATA_REQUESTED', 'LOCK_REQUESTED', 'MEMBER_LOST', 'ENDED'].includes(type);
}

const events = Object.values(roomExamples.events).flat().filter(isOfClients);
const [open] = roomExamples.inputs as readonly [RoomInput];
const inputs = [open, { ...open, isLocked: true }, { ...open, leaderRule: 'second' }];
const caseOf = (...given: RoomInput[]) => ({ machine: roomMachine as never, inputs: given, events });

const didOf = (event: Exclude<Event, { type: 'ENDED' }>): RoomDid => {
  switch (event.type) {
    case 'JOIN_REQUESTED':
      return { do: 'join', password: event.password === 'right' ? 'right' : 'wrong' };
    case 'LOCK_REQUESTED':
      return { do: 'lock', isLocked: event.isLocked };
    case 'METADATA_REQUESTED':
      return { do: 'update' };
    default:
      return { do: event.type === 'MEMBER_LOST' ? 'vanish' : 'leave' };
  }
};

/** A message as the model says it. */
function heardIn({ type, peers, peer, leader, locked, id, reason, code }: Received): object {
  switch (type) {
    case 'room_joined':
      return { type, peers: (peers as { id: string }[]).map((one) => one.id), leader, locked };
    case 'peer_joined':
      return { type, id: (peer as { id: string }).id };
    case 'peer_left':
      return { type, id, reason };
    case 'room_locked':
      return { type, locked };
    case 'error':
      return { type, code };
    default:
      return { type, id };
  }
}

class Walk {
  readonly #test: TestServer;
  readonly #room: string;
  readonly #clients: Map<string, RawClient>;
  readonly #model: RoomModel;
  readonly #create: object;
  readonly #taken: unknown[] = [];

  /** @param clients by name; one that is lost is replaced */
  constructor(
    test: TestServer,
    room: string,
    clients: Map<string, RawClient>,
    { maxSize, isLocked, leaderRule }: RoomInput,
  ) {
    this.#test = test;
    this.#room = room;
    this.#clients = clients;
    const leader = clients.get(leaderRule)?.id;
    this.#model = new RoomModel({ maxSize, isLocked, leader });
    this.#create = {
      topology: 'none',
      max_size: maxSize,
      locked: isLocked,
      password: PASSWORD,
      leader: leader ?? 'oldest',
    };
  }

  async take(move: Path['moves'][number]): Promise<void> {
    this.#taken.push(move);
    if ('after' in move) {
      this.#test.clock.advance(CLOSING_MS + 100);
      this.#model.expire();
      return this.#judge(new Map());
    }
    const event = move.event as Event;
    if (event.type === 'ENDED') {
      const { rooms } = this.#test.server.parts.signaling;
      const room = rooms.find('', this.#room);
      if (room) rooms.end(room);
      return this.#judge(this.#model.end());
    }
    const client = this.#clients.get(event.id) as RawClient;
    const heard = this.#model.step(client.id, didOf(event));
    if (event.type === 'MEMBER_LOST') await this.#lose(event.id, client);
    else client.send(this.#messageOf(event));
    await this.#judge(heard, client);
  }

  /** Everybody leaves what is still there of it. */
  async end(): Promise<void> {
    await this.take({ event: { type: 'ENDED' } });
  }

  #messageOf(event: Exclude<Event, { type: 'ENDED' | 'MEMBER_LOST' }>): object {
    const room = this.#room;
    switch (event.type) {
      case 'JOIN_REQUESTED': {
        const password = event.password === 'right' ? PASSWORD : 'another';
        return { type: 'join_room', room, password, create: this.#create };
      }
      case 'LEAVE_REQUESTED':
        return { type: 'leave_room', room };
      case 'METADATA_REQUESTED':
        return { type: 'update_metadata', room, metadata: 1 };
      default:
        return { type: 'lock_room', room, locked: event.isLocked };
    }
  }

  async #lose(name: string, client: RawClient): Promise<void> {
    client.socket.terminate();
    const { sessions } = this.#test.server.parts;
    await until(() => !sessions.has(client.id));
    this.#clients.set(name, await this.#test.connect());
  }

  /** @param first whose request it was: the others are told while it is dealt with */
  async #judge(modeled: ReadonlyMap<string, readonly object[]>, first?: RawClient): Promise<void> {
    const here = [...this.#clients.values()];
    if (first && here.includes(first)) await first.settled();
    await Promise.all(here.filter((client) => client !== first).map((client) => client.settled()));
    const told = [...this.#clients].map(([name, { inbox }]) => [name, inbox.splice(0).map(heardIn)]);
    const expected = [...this.#clients].map(([name, { id }]) => [name, modeled.get(id) ?? []]);
    const { state } = this.#model;
    const value = this.#test.server.parts.signaling.rooms.find('', this.#room)?.value ?? 'closed';
    expect([this.#taken, told, value]).toEqual([this.#taken, expected, state]);
  }
}

type Way = Pick<Path, 'input' | 'moves'>;

/** To every place that the machine knows of, and from there everything that a client can do; what leads nowhere, in one go. */
function everyMove(): Way[] {
  const machineCase = caseOf(open);
  const keyOf = ({ instance: { value, context } }: Place) => JSON.stringify([value, context]);
  const staying = new Map<Place, Path['moves'][number][]>();
  const leaving: Way[] = [];
  for (const { from, to } of placesOf(machineCase, new RecordingHost(machineCase.machine))) {
    const known = staying.get(from) ?? [...from.moves];
    staying.set(from, keyOf(from) === keyOf(to) ? [...known, ...to.moves.slice(-1)] : known);
    if (keyOf(from) !== keyOf(to)) leaving.push(to);
  }
  return [...leaving, ...[...staying.values()].map((moves) => ({ input: open, moves }))];
}

/** @param ways each in a room of its own */
async function walkAll(ways: readonly Way[]): Promise<void> {
  const test = await startTestServer({
    maxConnectionsPerAddress: 0,
    maxMessagesPerSecond: 0,
    maxKeyGuessesPerMinute: 0,
    pingIntervalMs: 0,
    logLevel: 'silent',
  });
  const clients = new Map<string, RawClient>();
  for (const name of NAMES) clients.set(name, await test.connect());
  for (const [at, { input, moves }] of ways.entries()) {
    const walk = new Walk(test, `room ${at}`, clients, input as RoomInput);
    for (const move of moves) await walk.take(move);
    await walk.end();
  }
}

describe('paths through the room machine, over real WebSockets: all members hear what the model says', () => {
  it('of whatever a client does, wherever the machine can be', async () => {
    const ways = everyMove();
    expect(ways.length).toBeGreaterThan(50);
    await walkAll(ways);
  });

  it('of random ones, also where a room is locked from the beginning, or is led by a client that is named', async () => {
    await walkAll(walks(caseOf(...inputs), { count: 40, length: 12 }));
  });
});
