/** What becomes of a client when one of its sockets closes: the order of what happens is the test's own. */
import { describe, expect, it } from '@jest/globals';
import { Connections } from '../../../../src/server/dialects/native/connections.ts';

interface FakeClient {
  socket: unknown;
  session: { isDone: boolean } | undefined;
  readonly isOnline: boolean;
  waits(): void;
}

function connections() {
  const said: unknown[] = [];
  const say =
    (what: string) =>
    (...more: unknown[]) => {
      said.push([what, ...more].join(' '));
    };
  let lost = () => {};
  const deps = {
    signaling: {
      queue: { timers: { disarmAll: say('timers off').bind(undefined, '') } },
      sessions: { disconnected: (_session: unknown, isGoodbye: boolean) => say('disconnected')(isGoodbye) },
    },
    returning: {
      closed: () => say('forgotten')(),
      lost: (_socket: unknown, work: () => void) => {
        lost = work;
      },
      opened: () => say('returning')(),
      turnAway: () => false,
    },
    opener: { open: () => say('opened')() },
    inbox: { receiveControl: (_client: unknown, bytes: number) => say('control')(bytes) },
    early: { count: (_socket: unknown, bytes: number) => say('early')(bytes) },
    gate: undefined,
  };
  const client: FakeClient = {
    socket: undefined,
    session: { isDone: false },
    get isOnline() {
      return this.socket !== undefined;
    },
    waits: () => say('waits')(),
  };
  const socketOf = (data: object) => ({ getUserData: () => data });
  return {
    said,
    client,
    connections: new Connections(deps as never),
    socketOf: (data: object = { client }) => socketOf(data) as never,
    /** It is the turn of what is lost. */
    turn: () => lost(),
  };
}

/** What happens with every socket. */
const always = ['timers off  [object Object]', 'forgotten'];

describe('a client', () => {
  it.each([
    [1000, true],
    [1006, false],
  ])('that loses its socket by %i waits, and is gone at its turn, for good: %j', (code, isGoodbye) => {
    const test = connections();
    const socket = test.socketOf();
    test.client.socket = socket;
    test.connections.closed(socket, code);
    expect(test.said).toEqual([...always, 'waits']);
    test.turn();
    expect(test.said.slice(3)).toEqual([`disconnected ${isGoodbye}`]);
  });

  it.each([
    ['came back', (client: FakeClient) => Object.assign(client, { socket: 'new' })],
    ['was ended', (client: FakeClient) => Object.assign(client, { session: { isDone: true } })],
    ['went to another node', (client: FakeClient) => Object.assign(client, { session: undefined })],
  ])('that %s before its turn is not gone', (_what, change) => {
    const test = connections();
    const socket = test.socketOf();
    test.client.socket = socket;
    test.connections.closed(socket, 1006);
    change(test.client);
    test.turn();
    expect(test.said.slice(3)).toEqual([]);
  });

  it('keeps its socket when an older one closes', () => {
    const test = connections();
    test.client.socket = 'the newer';
    test.connections.closed(test.socketOf(), 1006);
    test.turn();
    expect([test.client.socket, test.said]).toEqual(['the newer', always]);
  });

  it('that was silent, and whose socket we ended, waits', () => {
    const test = connections();
    test.connections.closed(test.socketOf(), 1006);
    expect(test.said).toEqual([...always, 'waits']);
  });

  it.each([[{ isDone: true }], [undefined]])('whose session is over waits for nothing: %j', (session) => {
    const test = connections();
    Object.assign(test.client, { session });
    test.connections.closed(test.socketOf(), 1006);
    expect(test.said).toEqual(always);
  });

  it('that was never let in leaves nothing', () => {
    const test = connections();
    const data = { client: undefined, unauthenticated: {} };
    test.connections.closed(test.socketOf(data), 1006);
    expect([data, test.said]).toEqual([{ client: undefined, phase: 'closed' }, always]);
  });

  it('may send pings as long as it has a session, and before, in which case they count, too', () => {
    const test = connections();
    test.connections.controlled(test.socketOf(), 5);
    test.connections.controlled(test.socketOf({ client: undefined }), 6);
    Object.assign(test.client, { session: undefined });
    test.connections.controlled(test.socketOf(), 7);
    expect(test.said).toEqual(['control 5', 'early 6']);
  });

  it('has a new session, unless it comes back', () => {
    const test = connections();
    for (const kind of ['plain', 'resumable', 'back']) test.connections.opened(test.socketOf({ kind }));
    expect(test.said).toEqual(['opened', 'opened', 'returning']);
    expect(test.connections.keepsRequests).toBe(false);
  });
});
