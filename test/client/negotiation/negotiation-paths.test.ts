/**
 * Every move of a partner, the user, the network and the clock in every state that a peer can be in, and random ones: a real peer
 * on werift, over real sockets, with a partner whose signals the test sends, and whose descriptions a werift of its own makes.
 * Where to go, what the partner hears, what the user is told, and how far the server considers the two to be, a model says that is
 * written from the docs, and knows nothing of the machines.
 */
import { describe, expect, it } from '@jest/globals';
import type { Peer } from '../../../src/client/index.ts';
import type { Did } from '../../../src/contract/conform/pairing-model.ts';
import { ManualClock } from '../../../src/testing/manual-clock.ts';
import { seededRandom } from '../../../src/testing/network/seeded-random.ts';
import type { Received } from '../../support/clients/raw-client.ts';
import type { ResumableClient } from '../../support/clients/resumable-client.ts';
import { everyMove } from '../../support/model/every-move.ts';
import {
  MAX_RESTARTS,
  type NegotiationDid,
  NegotiationModel,
  type Told,
} from '../../support/model/negotiation-model.ts';
import { TcpProxy } from '../../support/network/tcp-proxy.ts';
import { HandMadePartner } from '../../support/peers/hand-made-partner.ts';
import { inState, testPeer } from '../../support/peers/werift-peers.ts';
import { runs } from '../../support/runs.ts';
import { SEED } from '../../support/seed.ts';
import { startTestServer, type TestServer } from '../../support/servers/test-server.ts';
import { PATIENCE_MS } from '../../support/wait-timeouts.ts';

/** As long as the longest deadline of a peer, and as nobody may ask for a client that has just left. */
const DEADLINE_MS = 30_000;
const JUST_LEFT_MS = 10_000;

const signals: readonly Did[] = (['offer', 'answer', 'candidate'] as const).flatMap((did) => [
  { do: did },
  { do: did, isOld: true },
]);
const ofPartner: readonly Did[] = [
  ...signals,
  ...(['connected', 'failed'] as const).map((state) => ({ do: 'report' as const, state })),
  { do: 'report', state: 'connected', isOld: true },
  { do: 'unpair' },
  { do: 'unpair', isOld: true },
  { do: 'ask', target: 0 },
  { do: 'leave' },
];
const moves: readonly NegotiationDid[] = [
  ...ofPartner.map((did) => ({ by: 'partner' as const, did })),
  { by: 'partner', did: { do: 'offer' }, restartsIce: true },
  ...(['ask', 'unpair', 'networkChanged', 'close'] as const).map((what) => ({
    by: 'user' as const,
    do: what,
  })),
  ...(['path', 'hang up', 'cut', 'kill'] as const).map((what) => ({ by: 'network' as const, do: what })),
  { by: 'clock' },
  { by: 'user', do: 'networkChanged', isLost: true },
  { by: 'partner', did: { do: 'offer' }, isLost: true },
  { by: 'partner', did: { do: 'offer' }, restartsIce: true, isLost: true },
  { by: 'partner', did: { do: 'answer' }, isLost: true },
];

const options = {
  maxConnectionsPerAddress: 0,
  maxMessagesPerSecond: 0,
  pingIntervalMs: 0,
  logLevel: 'silent',
  secret: 'a secret that is used again',
} as const;

async function until(fact: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!fact()) {
    if (Date.now() > deadline) throw new Error(`${what} did not come`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const shownOf = ({ type, code }: Received) => (type === 'error' ? `error ${code}` : type);

/** `partner offer old`, `user unpair`. */
function wordsOf(move: NegotiationDid): string {
  return move.isLost ? `${wordsOfDone(move)}, while the server dies` : wordsOfDone(move);
}

function wordsOfDone(move: NegotiationDid): string {
  if (move.by === 'clock') return 'the deadline';
  if (move.by !== 'partner') return `${move.by} ${move.do}`;
  const { did } = move;
  if ('restartsIce' in move) return 'partner restarts ICE';
  const isOld = 'isOld' in did && did.isOld === true;
  return ['partner', did.do, ...(did.do === 'report' ? [did.state] : []), ...(isOld ? ['old'] : [])].join(
    ' ',
  );
}

/** A server that can be killed, and the proxy between it and the peer. */
class Host {
  #test: TestServer;
  readonly proxy: TcpProxy;

  private constructor(test: TestServer, proxy: TcpProxy) {
    this.#test = test;
    this.proxy = proxy;
  }

  static async start(): Promise<Host> {
    const test = await startTestServer(options);
    return new Host(test, await TcpProxy.start(test.server.url));
  }

  get test(): TestServer {
    return this.#test;
  }

  /** Another one with its secret takes its place. Nobody hears from it again. */
  async kill(): Promise<void> {
    this.#test = await startTestServer(options);
    this.proxy.leadTo(this.#test.server.url);
    this.proxy.cut();
    this.proxy.heal();
  }
}

class Walk {
  readonly #model = new NegotiationModel();
  readonly #host: Host;
  readonly #clock: ManualClock;
  readonly #peer: Peer;
  readonly #partner: HandMadePartner;
  readonly #user: string[] = [];
  readonly #taken: NegotiationDid[] = [];

  private constructor(host: Host, clock: ManualClock, peer: Peer, client: ResumableClient) {
    this.#host = host;
    this.#clock = clock;
    this.#peer = peer;
    this.#partner = new HandMadePartner(client);
    peer.on('paired', () => this.#user.push('paired'));
    peer.on('open', () => this.#user.push('open'));
    peer.on('peer_disconnected', ({ reason }) => this.#user.push(`peer_disconnected ${reason}`));
    peer.on('error', ({ code }) => this.#user.push(`error ${code}`));
  }

  static async begin(host: Host): Promise<Walk> {
    const clock = new ManualClock();
    // How long nothing may arrive is measured by the clock of this machine, which the walk does not move.
    const timeouts = { silenceMs: 0 };
    const peer = await testPeer(host.proxy.url, { clock, maxRestarts: MAX_RESTARTS, timeouts });
    return new Walk(host, clock, peer, await host.test.connectResumable());
  }

  get isOver(): boolean {
    return this.#model.isOver;
  }

  async take(move: NegotiationDid): Promise<void> {
    this.#taken.push(move);
    const { state } = this.#model;
    if (move.isLost || (move.by === 'network' && move.do === 'kill')) await this.#acked();
    const told = this.#model.step(move);
    if (move.isLost) this.#host.proxy.stall('up');
    if ('restartsIce' in move) await this.#restartOfPartner();
    else if (move.by === 'partner') await this.#moveOfPartner(move.did);
    else if (move.by === 'clock') this.#clock.advance(DEADLINE_MS);
    else if (move.by === 'user') this.#moveOfUser(move.do);
    else if (move.do === 'cut') await this.#cut(state !== 'unpaired');
    else if (move.do === 'kill') await this.#kill();
    else if (move.do === 'path' && state === 'checking') await this.#partner.findPath();
    else if (move.do === 'hang up' && state === 'connected') await this.#partner.hangUp();
    if (move.isLost) {
      await inState(this.#peer, this.#model.state);
      await this.#kill();
    }
    await this.#judge(told);
  }

  async end(): Promise<void> {
    await Promise.all([this.#peer.close(), this.#partner.end()]);
  }

  async #moveOfPartner(did: Did): Promise<void> {
    const { client } = this.#partner;
    if (did.do === 'leave') return client.close();
    if (did.do === 'ask') {
      this.#host.test.clock.advance(JUST_LEFT_MS);
      client.send({ type: 'pair_request', target_id: this.#peer.id });
    } else await this.#partner.send(did);
    await client.settled();
  }

  async #restartOfPartner(): Promise<void> {
    await this.#partner.restart();
    await this.#partner.client.settled();
  }

  #moveOfUser(what: 'ask' | 'unpair' | 'networkChanged' | 'close'): void {
    if (what === 'close') void this.#peer.close();
    else if (what !== 'ask') this.#peer[what]();
    else {
      this.#host.test.clock.advance(JUST_LEFT_MS);
      this.#peer.pair({ id: this.#partner.client.id }).catch(({ code }) => this.#user.push(`error ${code}`));
    }
  }

  async #cut(isPaired: boolean): Promise<void> {
    const { client } = this.#partner;
    this.#host.proxy.cut();
    await until(() => this.#peer.signaling === 'waiting', 'the loss of the socket');
    if (isPaired)
      await client.until(() => client.inbox.some(({ type }) => type === 'peer_away'), 'peer_away');
    await this.#comeBack();
  }

  async #comeBack(): Promise<void> {
    await until(() => this.#peer.signaling === 'waiting', 'the loss of the socket');
    while (this.#peer.signaling === 'waiting') this.#clock.advance(50);
    await until(() => this.#peer.signaling === 'online', 'the new socket');
  }

  async #kill(): Promise<void> {
    await this.#host.kill();
    await this.#partner.comeBack(this.#host.test.server.url);
    await this.#partner.client.settled();
    await this.#comeBack();
  }

  /** Nothing that was said before has to be said again to another server: each has what the other said, and knows that. */
  async #acked(): Promise<void> {
    const { client } = this.#partner;
    for (let round = 0; round < 2; round += 1) {
      await client.settled();
      await this.#peer.listRooms();
    }
    await client.settled();
  }

  /** What should come is waited for; what should not has come by the time that both have asked the server something. */
  async #judge(told: Told): Promise<void> {
    const { client } = this.#partner;
    const heard: string[] = [];
    const listen = async () => {
      for (const message of client.inbox.splice(0)) {
        if (!['ping', 'candidate'].includes(message.type)) heard.push(shownOf(message));
        await this.#partner.heard(message);
      }
      return heard;
    };
    const hasCome = () => this.#user.length >= told.user.length && heard.length >= told.partner.length;
    await inState(this.#peer, this.#model.state).catch((error) => this.#user.push(String(error)));
    const deadline = Date.now() + PATIENCE_MS;
    for (await listen(); !hasCome() && Date.now() < deadline; await listen())
      await new Promise((resolve) => setImmediate(resolve));
    if (this.#model.state !== 'disconnected') await this.#peer.listRooms();
    if (!client.closed) await client.settled();
    await listen();
    const phase = [...this.#host.test.server.parts.pairings].at(-1)?.value;
    const at = typeof phase === 'object' ? Object.keys(phase)[0] : phase;
    const seen = { partner: heard, user: this.#user.splice(0), state: this.#peer.state, phase: at };
    const { state, phase: expected } = this.#model;
    expect([this.#taken.map(wordsOf), seen]).toEqual([
      this.#taken.map(wordsOf),
      { ...told, state, phase: expected },
    ]);
  }
}

/** A walk mostly waits for ICE and DTLS. */
const SIDE_BY_SIDE = 8;

async function walkAll(ways: readonly (readonly NegotiationDid[])[]): Promise<void> {
  const shared = ways.values();
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, () => walkEach(shared)));
}

async function walkEach(ways: Iterable<readonly NegotiationDid[]>): Promise<void> {
  const host = await Host.start();
  for (const way of ways) {
    const walk = await Walk.begin(host);
    for (const move of way) if (!walk.isOver) await walk.take(move);
    await walk.end();
  }
}

describe('a negotiation with a partner that does anything, over real WebSockets', () => {
  it('does what the model says of each move in each state', async () => {
    const ways = everyMove(() => new NegotiationModel(), moves);
    expect(ways.length).toBeGreaterThan(40);
    await walkAll(ways);
  });

  const ask = { by: 'partner', did: { do: 'ask', target: 0 } } as const;
  const offer = { by: 'partner', did: { do: 'offer' } } as const;
  const answer = { by: 'partner', did: { do: 'answer' } } as const;
  const path = { by: 'network', do: 'path' } as const;
  const networkChanged = { by: 'user', do: 'networkChanged' } as const;

  it('takes its restart back when that of the partner crosses it, if it was asked; and finds a path again', async () => {
    await walkAll([[ask, offer, path, networkChanged, { ...offer, restartsIce: true }, path]]);
  });

  it('takes its restart back when any offer of the partner crosses it, if it was asked; and restarts all the same', async () => {
    await walkAll([
      [ask, offer, path, networkChanged, offer, answer, path],
      [ask, offer, path, networkChanged, offer, offer, answer, path, networkChanged, offer, answer, path],
    ]);
  });

  it('does what the model says of random moves', async () => {
    const random = seededRandom(SEED);
    const any = () => moves[Math.floor(random() * moves.length)] as NegotiationDid;
    await walkAll(Array.from({ length: runs(20) }, () => Array.from({ length: 40 }, any)));
  });
});
