/**
 * Paths generated from the pairing machine, walked by two real clients over real WebSockets. The machine says what
 * each step should yield; the clients' inboxes say whether it came, and with which payload. Of pairings that are formed, a model
 * that is written from docs/protocol.md, and knows nothing of the machine, says what each of the two hears, too.
 */
import { describe, expect, it } from '@jest/globals';
import type { AnyStateMachine } from 'xstate';
import { TestModel } from 'xstate/graph';
import { type Did, type Heard, PairingModel } from '../../../src/contract/conform/pairing-model.ts';
import {
  Hosted,
  MachineHost,
  type PairingEvent,
  type PairingInput,
  pairingExamples,
  pairingMachine,
  type Side,
  StepQueue,
} from '../../../src/machines/index.ts';
import type { SignalingServer } from '../../../src/server/index.ts';
import type { RawClient } from '../../support/clients/raw-client.ts';
import { pairUp, startTestServer, type TestServer } from '../../support/servers/test-server.ts';

const { epoch: EPOCH } = pairingExamples.inputs[0] as PairingInput;
const input = { initiatorId: 'a', responderId: 'b', epoch: EPOCH };

type Beginning = 'FORMED' | 'RESTORED';
/** How a pairing comes about; and how a half of it goes to another node, which takes that other node. */
const NOT_OF_CLIENTS: readonly string[] = ['FORMED', 'RESTORED', 'MOVED'];
type Snapshot = { readonly value: unknown; readonly status: string };

/** Every path begins with how the pairing came about, and has it behind it then. */
const modelOf = (beginning: Beginning) =>
  new TestModel(
    pairingMachine as never,
    {
      events: Object.values(pairingExamples.events).flat() as never,
      input: input as never,
      filterEvents: ((snapshot: Snapshot, event: { type: string }) =>
        snapshot.status === 'active' &&
        // Clients of our own wire have one connection a pairing.
        !('connectionId' in event) &&
        (snapshot.value === 'forming'
          ? event.type === beginning
          : !NOT_OF_CLIENTS.includes(event.type))) as never,
      // States are told apart by name, not by what the pairing remembers, which would be too many paths for real sockets:
      // those, test/model takes all.
      serializeState: (({ value }: Snapshot, event?: object, previous?: Snapshot) =>
        JSON.stringify([value, event && previous ? [event, previous.value] : null])) as never,
    } as never,
  );

/** Steps the machine alone, and notes the effects: what the clients must see. */
function oracle() {
  const yielded: { type: string; params: unknown }[] = [];
  const executors = Object.fromEntries(
    Object.keys(pairingMachine.implementations.actions).map((type) => [
      type,
      (_pairing: unknown, _event: unknown, params: unknown) => yielded.push({ type, params }),
    ]),
  );
  const host = new MachineHost<AnyStateMachine, Hosted<unknown>>(pairingMachine, {
    executors,
    queue: new StepQueue(),
    onError: (_pairing, error) => {
      throw error;
    },
  });
  const pairing = new Hosted<unknown>();
  host.start(pairing, input);
  yielded.length = 0;
  return {
    step(event: PairingEvent) {
      host.dispatch(pairing, event);
      return { state: pairing.value, effects: yielded.splice(0) };
    },
  };
}

/** The frame that brings an event about; the payload is new each time, so that it cannot be mistaken. */
function frameOf(event: PairingEvent, epoch: number, serial: number): object {
  const named = 'epoch' in event && event.epoch !== undefined ? { epoch: epoch + event.epoch - EPOCH } : {};
  switch (event.type) {
    case 'OFFER_RECEIVED':
      return { type: 'offer', sdp: `offer ${serial}`, ...named };
    case 'ANSWER_RECEIVED':
      return { type: 'answer', sdp: `answer ${serial}`, ...named };
    case 'CANDIDATE_RECEIVED':
      return { type: 'candidate', candidate: { candidate: `candidate ${serial}` }, ...named };
    case 'SIGNAL_RECEIVED':
      return { type: 'signal', data: { serial }, ...named };
    case 'REPORT_RECEIVED':
      return { type: 'report', state: event.isConnected ? 'connected' : 'failed', ...named };
    default:
      return { type: 'unpair', ...named };
  }
}

async function expectEffects(
  effects: readonly { type: string; params: unknown }[],
  frame: object,
  sender: RawClient,
  peer: RawClient,
): Promise<void> {
  for (const { type, params } of effects) {
    if (type === 'relayToPeer') {
      expect(await peer.next((frame as { type: string }).type)).toEqual({ ...frame, from_peer: true });
    } else if (type === 'refuse') expect(await sender.next('error')).toMatchObject(params as object);
    else if (type === 'endPairing') {
      expect((await peer.next('peer_disconnected')).peer_id).toBe(sender.id);
    }
  }
}

const INITIATOR = 0;
const RESPONDER = 1;

/** A model in which the first client has asked for the second. */
function pairedModel(): PairingModel {
  const model = new PairingModel('full', 2);
  model.step(INITIATOR, { do: 'ask', target: RESPONDER });
  return model;
}

/** What a client does, in the model's words. */
function didOf(event: PairingEvent): Did {
  const isOld = 'epoch' in event && event.epoch !== undefined && event.epoch !== EPOCH;
  switch (event.type) {
    case 'OFFER_RECEIVED':
      return { do: 'offer', isOld };
    case 'ANSWER_RECEIVED':
      return { do: 'answer', isOld };
    case 'CANDIDATE_RECEIVED':
      return { do: 'candidate', isOld };
    case 'SIGNAL_RECEIVED':
      return { do: 'signal', isOld };
    case 'REPORT_RECEIVED':
      return { do: 'report', state: event.isConnected ? 'connected' : 'failed', isOld };
    case 'PEER_LOST':
      return { do: 'leave' };
    default:
      return { do: 'unpair', isOld };
  }
}

/** Holds what both have heard, and have not taken yet, to the model. */
async function expectAsModeled(
  model: PairingModel,
  event: PairingEvent & { readonly from: Side },
  sender: RawClient,
  peer: RawClient,
): Promise<void> {
  const did = didOf(event);
  const [own, other] = event.from === 'initiator' ? [INITIATOR, RESPONDER] : [RESPONDER, INITIATOR];
  const heard = model.step(own, did);
  const modeled = (client: number) =>
    (heard.get(client) ?? []).map((one: Heard) => (one.type === 'error' ? `error ${one.code}` : one.type));
  // Of a socket that closes the server hears when it does.
  if (did.do === 'leave' && modeled(other).length > 0)
    await peer.until(() => peer.inbox.length > 0, 'what is told of a peer that left');
  else if (!peer.closed) await peer.settled();
  const told = ({ inbox }: RawClient) =>
    inbox
      .filter(({ type }) => type !== 'ping')
      .map(({ type, code }) => (type === 'error' ? `error ${code}` : type));
  expect([event, told(sender), told(peer)]).toEqual([event, modeled(own), modeled(other)]);
}

interface Pair {
  readonly server: SignalingServer;
  readonly epoch: number;
  readonly clients: { readonly [S in Side]: RawClient };
}

/** Two clients of the seeds' protocol that are paired anew. */
async function formed({ server, connect }: TestServer): Promise<Pair> {
  const clients = { initiator: await connect(), responder: await connect() };
  return { server, clients, epoch: await pairUp(clients.initiator, clients.responder) };
}

/** Two clients whose pairing a second server makes again: it has the secret of the first. */
async function restored({ connectResumable }: TestServer, { server }: TestServer): Promise<Pair> {
  const [a, b] = [await connectResumable(), await connectResumable()];
  const epoch = await pairUp(a, b);
  a.pairing = { peer_id: b.id, epoch, initiator: true };
  b.pairing = { peer_id: a.id, epoch, initiator: false };
  const clients = { initiator: await a.comeBack(server.url), responder: await b.comeBack(server.url) };
  await clients.initiator.next('peer_away');
  await clients.initiator.next('peer_back');
  return { server, clients, epoch };
}

const options = { maxConnectionsPerAddress: 0, secret: 'a secret that both servers have' };

describe.each<Beginning>(['FORMED', 'RESTORED'])(
  'a path through the pairing machine, over real WebSockets: %s',
  (beginning) => {
    const paths = modelOf(beginning).getShortestPaths();

    it(`each of ${paths.length} ends where the machine says, and delivers what it and the model say`, async () => {
      const [first, second] = [await startTestServer(options), await startTestServer(options)];
      let serial = 0;
      for (const path of paths) {
        const { server, clients, epoch } = await (beginning === 'FORMED'
          ? formed(first)
          : restored(first, second));
        const pairing = [...server.parts.pairings].at(-1);
        const expected = oracle();
        const model = beginning === 'FORMED' ? pairedModel() : undefined;
        for (const { event } of path.steps as unknown as { event: PairingEvent }[]) {
          if (!('from' in event)) continue;
          const [sender, peer] =
            event.from === 'initiator'
              ? [clients.initiator, clients.responder]
              : [clients.responder, clients.initiator];
          const { state, effects } = expected.step(event);
          if (event.type === beginning) continue;
          const frame = frameOf(event, epoch, serial++);
          if (event.type === 'PEER_LOST') await sender.close();
          else {
            sender.send(frame);
            await sender.settled();
          }
          if (model) await expectAsModeled(model, event, sender, peer);
          await expectEffects(effects, frame, sender, peer);
          expect([event, pairing?.value]).toEqual([event, state]);
        }
        await clients.responder.settled().catch(() => {});
        expect([...clients.initiator.inbox, ...clients.responder.inbox]).toEqual([]);
        for (const client of Object.values(clients)) await client.close();
      }
      expect(paths.length).toBeGreaterThan(100);
    });
  },
);
