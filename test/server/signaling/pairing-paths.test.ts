/**
 * Every move of two clients in every state that their pairing can be in, over real WebSockets. Where to go, what each of the
 * two hears, and how far the server considers them to be, a model says that is written from docs/protocol.md, and knows
 * nothing of the machine.
 */
import { describe, expect, it } from '@jest/globals';
import { type Did, type Heard, PairingModel } from '../../../src/contract/conform/pairing-model.ts';
import type { SignalingServer } from '../../../src/server/index.ts';
import { seededRandom } from '../../../src/testing/network/seeded-random.ts';
import type { RawClient, Received } from '../../support/clients/raw-client.ts';
import { everyMove } from '../../support/model/every-move.ts';
import { runs } from '../../support/runs.ts';
import { SEED } from '../../support/seed.ts';
import { pairUp, startTestServer, type TestServer } from '../../support/servers/test-server.ts';

type Beginning = 'formed' | 'restored';
type PairedDid = Exclude<Did, { do: 'ask' }>;
interface Move {
  readonly by: 0 | 1;
  readonly did: PairedDid;
  /** Whether its message names a pairing. */
  readonly isNamed: boolean;
}

const INITIATOR = 0;
const RESPONDER = 1;

const dids: readonly PairedDid[] = [
  ...(['offer', 'answer', 'candidate', 'signal', 'unpair'] as const).map((did) => ({ do: did })),
  ...(['connected', 'failed'] as const).map((state) => ({ do: 'report' as const, state })),
];
/** The initiator names the pairing in whatever it sends; the responder only a pairing that is over. */
const moves: readonly Move[] = ([INITIATOR, RESPONDER] as const).flatMap((by) => [
  ...dids.flatMap((did) => [
    { by, did, isNamed: by === INITIATOR },
    { by, did: { ...did, isOld: true }, isNamed: true },
  ]),
  { by, did: { do: 'leave' }, isNamed: false },
]);

/** A model of two clients that are paired. */
function pairedModel(beginning: Beginning): PairingModel {
  const model = new PairingModel('full', 2);
  if (beginning === 'restored') model.restore(INITIATOR, RESPONDER);
  else model.step(INITIATOR, { do: 'ask', target: RESPONDER });
  return model;
}

const steppable = (beginning: Beginning) => () => {
  const model = pairedModel(beginning);
  return {
    step: ({ by, did }: Move) => model.step(by, did),
    get key() {
      return model.key;
    },
    get isOver() {
      return !model.isPaired(INITIATOR);
    },
  };
};

interface Pair {
  readonly server: SignalingServer;
  readonly epoch: number;
  readonly clients: readonly [RawClient, RawClient];
}

/** Two clients of the seeds' protocol that are paired anew. */
async function formed({ server, connect }: TestServer): Promise<Pair> {
  const clients = [await connect(), await connect()] as const;
  return { server, clients, epoch: await pairUp(...clients) };
}

/** Two clients whose pairing a second server makes again: it has the secret of the first. */
async function restored({ connectResumable }: TestServer, { server }: TestServer): Promise<Pair> {
  const [a, b] = [await connectResumable(), await connectResumable()];
  const epoch = await pairUp(a, b);
  a.pairing = { peer_id: b.id, epoch, initiator: true };
  b.pairing = { peer_id: a.id, epoch, initiator: false };
  const clients = [await a.comeBack(server.url), await b.comeBack(server.url)] as const;
  await clients[0].next('peer_away');
  await clients[0].next('peer_back');
  return { server, clients, epoch };
}

/** @param serial makes each payload another, so that one cannot be mistaken for another */
function messageOf({ did, isNamed }: Move, epoch: number, serial: number): object {
  const isOld = 'isOld' in did && did.isOld === true;
  const named = isNamed ? { epoch: isOld ? epoch - 1 : epoch } : {};
  switch (did.do) {
    case 'offer':
    case 'answer':
      return { type: did.do, sdp: `${did.do} ${serial}`, ...named };
    case 'candidate':
      return { type: did.do, candidate: { candidate: `candidate ${serial}` }, ...named };
    case 'signal':
      return { type: did.do, data: { serial }, ...named };
    case 'report':
      return { type: did.do, state: did.state, ...named };
    default:
      return { type: did.do, ...named };
  }
}

class Walk {
  readonly #pair: Pair;
  readonly #model: PairingModel;
  readonly #taken: Move[] = [];

  constructor(pair: Pair, model: PairingModel) {
    this.#pair = pair;
    this.#model = model;
  }

  /** @param serial another one for each move */
  async take(move: Move, serial: number): Promise<void> {
    this.#taken.push(move);
    const { clients, epoch } = this.#pair;
    const [own, peer] = [clients[move.by], clients[move.by === INITIATOR ? RESPONDER : INITIATOR]];
    const heard = this.#model.step(move.by, move.did);
    const message = messageOf(move, epoch, serial);
    if (move.did.do === 'leave') {
      await own.close();
      // The server hears of a socket that closes when it does.
      await peer.until(() => peer.inbox.some(({ type }) => type !== 'ping'), 'what is told of one that left');
    } else {
      own.send(message);
      await own.settled();
    }
    await peer.settled();
    this.#judge(heard, message);
  }

  #judge(heard: ReadonlyMap<number, readonly Heard[]>, message: object): void {
    const { clients, epoch, server } = this.#pair;
    const told = clients.map(({ inbox }) => inbox.splice(0).filter(({ type }) => type !== 'ping'));
    const expected = clients.map((_, at) => (heard.get(at) ?? []).map((one) => this.#shown(one, message)));
    const phase = [...server.parts.pairings].find((one) => one.epoch === epoch)?.value;
    const at = typeof phase === 'object' ? Object.keys(phase)[0] : phase;
    expect([this.#taken, told, at]).toEqual([this.#taken, expected, this.#model.phaseOf(INITIATOR)]);
  }

  /** The whole message that the model says comes; of a refusal, only what it is. */
  #shown(heard: Heard, message: object): unknown {
    if (heard.type === 'error')
      return expect.objectContaining({ type: 'error', code: heard.code } as Partial<Received>);
    if (heard.type === 'peer_disconnected') {
      const peer_id = this.#pair.clients[heard.peer as 0 | 1].id;
      return { type: heard.type, peer_id, reason: heard.reason };
    }
    return { ...message, from_peer: true };
  }
}

const options = {
  maxConnectionsPerAddress: 0,
  maxMessagesPerSecond: 0,
  pingIntervalMs: 0,
  logLevel: 'silent',
  secret: 'a secret that both servers have',
} as const;

/** Random moves, none of which ends it: they come to a state by other ways than the shortest. */
function wander(count: number, length: number): Move[][] {
  const going = moves.filter(({ did }) => did.do !== 'leave' && (did.do !== 'unpair' || did.isOld));
  const random = seededRandom(SEED);
  const any = () => going[Math.floor(random() * going.length)] as Move;
  return Array.from({ length: count }, () => Array.from({ length }, any));
}

async function walkAll(beginning: Beginning, ways: readonly (readonly Move[])[]): Promise<void> {
  const [first, second] = [await startTestServer(options), await startTestServer(options)];
  let serial = 0;
  for (const way of ways) {
    const pair = await (beginning === 'formed' ? formed(first) : restored(first, second));
    const walk = new Walk(pair, pairedModel(beginning));
    for (const move of way) {
      serial += 1;
      await walk.take(move, serial);
    }
    for (const client of pair.clients) await client.close();
  }
}

describe.each<Beginning>(['formed', 'restored'])(
  'a pairing that is %s, over real WebSockets',
  (beginning) => {
    it('does for both clients what the model says of each move in each state', async () => {
      const ways = everyMove(steppable(beginning), moves);
      expect(ways.length).toBeGreaterThan(100);
      await walkAll(beginning, ways);
    });

    it('does for both clients what the model says of random moves', async () => {
      await walkAll(beginning, wander(runs(30), 40));
    });
  },
);
