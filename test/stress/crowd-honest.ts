/**
 * Honest clients of a crowd: pairs that exchange one message at a time, and check that nothing is lost, duplicated or
 * from others.
 */
import { io, type Socket } from 'socket.io-client';
import { RawClient, type Received } from '../support/clients/raw-client.ts';
import { ResumableClient } from '../support/clients/resumable-client.ts';
import { PATIENCE_MS } from '../support/wait-timeouts.ts';

export const HONEST_MARK = 'said-by-an-honest-client';

/** Well within the message rate that a client may use. */
const PACE_MS = 50;

const pace = () => new Promise((resolve) => setTimeout(resolve, PACE_MS));

export interface HonestPair {
  /** The ids that hostile clients may target. */
  readonly ids: readonly string[];
  /** How many sessions the pair has on the server. */
  readonly sessions: number;
  /**
   * Sends one message and receives it.
   * @throws when something else is received, or nothing
   */
  talk(number: number): Promise<void>;
  /** @returns messages received that nobody should have sent */
  end(): Promise<readonly string[]>;
}

const said = (number: number) => ({ type: 'candidate', candidate: null, mark: HONEST_MARK, number });

function check({ type, mark, number: heard }: Received, number: number): void {
  if (type !== 'candidate' || mark !== HONEST_MARK || heard !== number)
    throw new Error(`in place of message ${number} came ${JSON.stringify({ type, mark, heard })}`);
}

const leftOver = (clients: readonly RawClient[]) =>
  clients.flatMap(({ inbox }) => inbox.map((message) => JSON.stringify(message)));

async function pairUp(a: RawClient, b: RawClient): Promise<void> {
  a.send({ type: 'pair_request', target_id: b.id });
  await Promise.all([a.next('paired'), b.next('paired')]);
}

export async function plainPair(url: string): Promise<HonestPair> {
  const [a, b] = [await RawClient.connect(url), await RawClient.connect(url)];
  await pairUp(a, b);
  return {
    ids: [a.id, b.id],
    sessions: 2,
    async talk(number) {
      const [from, to] = number % 2 === 0 ? [a, b] : [b, a];
      from.send(said(number));
      check(await to.next('candidate'), number);
      await pace();
    },
    async end() {
      for (const { socket } of [a, b]) socket.terminate();
      return leftOver([a, b]);
    },
  };
}

/** One of the two loses its socket every tenth message, and resumes the same session. */
export async function returningPair(url: string): Promise<HonestPair> {
  let a = await ResumableClient.connect(url);
  const b = await ResumableClient.connect(url);
  await pairUp(a, b);
  const { id } = a;
  return {
    ids: [a.id, b.id],
    sessions: 2,
    async talk(number) {
      if (number % 10 === 9) {
        a.socket.terminate();
        a = await a.comeBack(url);
        if (a.id !== id) throw new Error('an honest client lost its session');
        const changes = new Set(['peer_away', 'peer_back']);
        // If the client returns before its loss is noticed, the peer is told nothing.
        b.inbox.splice(0, b.inbox.length, ...b.inbox.filter(({ type }) => !changes.has(type)));
      }
      const [from, to] = number % 2 === 0 ? [a, b] : [b, a];
      from.send(said(number));
      await to.until(() => to.inbox.some(({ type }) => type === 'candidate'), `message ${number}`);
      check(
        to.inbox.splice(
          to.inbox.findIndex(({ type }) => type === 'candidate'),
          1,
        )[0] as Received,
        number,
      );
      await pace();
    },
    async end() {
      for (const { socket } of [a, b]) socket.terminate();
      return leftOver([a, b]).filter((text) => !/"peer_(away|back)"/.test(text));
    },
  };
}

/** Two players of one game, over polling and over WebSocket. */
export async function players(url: string): Promise<HonestPair> {
  const open = (transport: string) =>
    io(url, { transports: [transport], forceNew: true, reconnection: false }) as Socket;
  const [a, b] = [open('polling'), open('websocket')];
  const strays: string[] = [];
  let hear: (payload: Received) => void = () => {};
  for (const [player, socket] of [a, b].entries()) {
    socket.on('webrtc_signal', ({ payload }) => hear(payload));
    socket.on('signal_error', (error) => strays.push(JSON.stringify(error)));
    socket.on('disconnect', (reason) => strays.push(`player ${player} was disconnected: ${reason}`));
    await socket.timeout(PATIENCE_MS).emitWithAck('join_game', { game_id: 'honest', player_id: player });
  }
  return {
    ids: [],
    sessions: 2,
    async talk(number) {
      const heard = new Promise<Received>((resolve, reject) => {
        hear = resolve;
        setTimeout(
          () => reject(new Error(`player: message ${number} did not come: ${strays}`)),
          PATIENCE_MS,
        ).unref();
      });
      const [from, target] = number % 2 === 0 ? [a, 1] : [b, 0];
      const payload = said(number);
      from.emit('webrtc_signal', {
        game_id: 'honest',
        target_player_id: target,
        type: 'ice-candidate',
        payload,
      });
      check(await heard, number);
      await pace();
    },
    async end() {
      const all = [...strays];
      // The server stops next: a connection still open then would cause an error after the test.
      const closed = [a, b].map(
        (socket) => new Promise((resolve) => socket.io.engine.once('close', resolve)),
      );
      for (const socket of [a, b]) socket.disconnect();
      await Promise.all(closed);
      return all;
    },
  };
}

/** Checks whether the server is ready. */
export async function prober(url: string): Promise<HonestPair> {
  return {
    ids: [],
    sessions: 0,
    async talk() {
      const { status } = await fetch(new URL('/readyz', url.replace('ws:', 'http:')), {
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      if (status !== 200) throw new Error(`/readyz answered ${status}`);
      await pace();
    },
    end: async () => [],
  };
}
