/**
 * Two clients, the server's two sessions and their pairing as one model: the machines are the production ones, stepped
 * by XState's pure functions; the connections between them (who is told what) are written here again, from the protocol
 * page, as briefly as possible. Frames of one socket keep their order; everything else may happen in any order.
 */
import {
  type AnyMachineSnapshot,
  type AnyStateMachine,
  initialTransition,
  type StateValue,
  transition,
} from 'xstate';
import { runningDelays } from '../../../src/machines/host/xstate-inspected.ts';
import { negotiationMachine, pairingMachine, sessionMachine } from '../../../src/machines/index.ts';

export type Name = 'a' | 'b';
export const NAMES = ['a', 'b'] as const;
const otherOf = (name: Name): Name => (name === 'a' ? 'b' : 'a');

/** A machine's state; equal states are the same object, so that worlds can be compared by text. */
interface Stand {
  readonly value: StateValue;
  readonly context: Readonly<Record<string, unknown>>;
}

interface Frame {
  readonly type: string;
  readonly epoch?: number | undefined;
  /** The offer that it is, or answers. */
  readonly offer?: number | undefined;
  /** The request that it is or, for an offer and `paired`, that formed the pairing: named after its offer. */
  readonly request?: number | undefined;
  readonly state?: 'connected' | 'failed';
  readonly initiator?: boolean;
}

/** Its connection, as far as it matters: descriptions being made, and the offer that both agreed on. */
interface Rtc {
  readonly doing: readonly { readonly what: 'offer' | 'answer'; readonly offer: number }[];
  readonly agreed: number | undefined;
  readonly isUp: boolean;
}

interface Side {
  readonly client: Stand;
  readonly session: Stand;
  /** For the client's pairing, or the last one that it had. */
  readonly epoch: number | undefined;
  /** The offer that it has sent ahead, and that its peer gets. */
  readonly ahead?: number | undefined;
  /** Its last request that formed a pairing at once, as the server knows it. */
  readonly asked?: { readonly request: number; readonly epoch: number };
  readonly rtc: Rtc | undefined;
  readonly toServer: readonly Frame[];
  readonly toClient: readonly Frame[];
}

interface Pairing extends Stand {
  readonly epoch: number;
  readonly initiator: Name;
}

/** How often optional actions and failures may still happen. */
export interface Budget {
  /** Pair requests. */
  readonly pair: number;
  /** How many of them are followed by the first offer, ahead of `paired`. */
  readonly ahead: number;
  readonly unpair: number;
  /** Clients that say goodbye. */
  readonly close: number;
  /** Connections that fail or whose network changes. */
  readonly fail: number;
  /**
   * Offers and answers that the server never relays. According to the protocol, what a client tells the server itself
   * arrives.
   */
  readonly lose: number;
}

export interface World {
  readonly a: Side;
  readonly b: Side;
  readonly pairing: Pairing | undefined;
  readonly epochs: number;
  readonly offers: number;
  readonly budget: Budget;
}

export interface Move {
  readonly name: string;
  /** Whether it happens by itself sooner or later: a frame arrives, or a deadline expires. */
  readonly isSure: boolean;
  readonly take: () => World;
}

/** A violated invariant, found in a step. */
export class Violation extends Error {}

const settings = {
  signalingTimeoutMs: 1,
  offerTimeoutMs: 1,
  answerTimeoutMs: 1,
  checkingTimeoutMs: 1,
  drainTimeoutMs: 1,
  maxRestarts: 1,
  backoffBaseMs: 1,
  backoffCapMs: 1,
  reconnect: true,
};

type Effects = readonly { readonly type: string; readonly params?: unknown }[];
interface Stepped {
  readonly stand: Stand;
  readonly effects: Effects;
}

export interface Machines {
  readonly client: AnyStateMachine;
  readonly session: AnyStateMachine;
  readonly pairing: AnyStateMachine;
}

/** The published machines; a test of the model provides one with a fault. */
export const ours: Machines = {
  client: negotiationMachine,
  session: sessionMachine,
  pairing: pairingMachine,
};

/** Steps are the same for the same state and event, so each is taken once. */
const steps = new WeakMap<AnyStateMachine, Map<string, Stepped>>();
const stands = new Map<string, Stand>();

function standOf({ value, context }: Stand): Stand {
  const key = JSON.stringify([value, context]);
  const known = stands.get(key) ?? { value, context };
  stands.set(key, known);
  return known;
}

function started(machine: AnyStateMachine, input: object): Stepped {
  return result(initialTransition(machine, input as never) as never);
}

function result([snapshot, actions]: readonly [AnyMachineSnapshot, Effects]): Stepped {
  const effects = actions.filter(({ type }) => !type.startsWith('xstate.'));
  return { stand: standOf({ value: snapshot.value, context: snapshot.context as never }), effects };
}

function step(machine: AnyStateMachine, stand: Stand, event: { readonly type: string }): Stepped {
  const taken = steps.get(machine) ?? new Map<string, Stepped>();
  steps.set(machine, taken);
  const key = JSON.stringify([stand.value, stand.context, event]);
  const known = taken.get(key);
  if (known) return known;
  const snapshot = machine.resolveState(stand as never);
  const isOver = snapshot.status !== 'active';
  const after = isOver
    ? { stand, effects: [] }
    : result(transition(machine, snapshot as never, event as never) as never);
  taken.set(key, after);
  return after;
}

const nowhere: Rtc = { doing: [], agreed: undefined, isUp: false };

export function firstWorld(budget: Budget, { client, session }: Machines = ours): World {
  const side = (id: Name): Side => {
    const { stand } = started(client, { settings });
    const begun = started(session, {
      id,
      maxPeers: 1,
      isResumable: true,
      may: 'pair',
      settings: { pingIntervalMs: 1, pingTimeoutMs: 1, resumeGraceMs: 1 },
    });
    const welcomed = step(client, stand, { type: 'WELCOMED', id, isResumed: false } as never);
    return {
      client: welcomed.stand,
      session: begun.stand,
      epoch: undefined,
      rtc: undefined,
      toServer: [],
      toClient: [],
    };
  };
  return { a: side('a'), b: side('b'), pairing: undefined, epochs: 0, offers: 0, budget };
}

export const keyOf = (world: World) => JSON.stringify(world);

/** One step of the whole model: its results are written into the world. */
class Turn {
  #world: World;
  readonly #machines: Machines;

  constructor(world: World, machines: Machines) {
    this.#world = world;
    this.#machines = machines;
  }

  get world(): World {
    return this.#world;
  }

  side(name: Name): Side {
    return this.#world[name];
  }

  set(name: Name, change: Partial<Side>): void {
    this.#world = { ...this.#world, [name]: { ...this.#world[name], ...change } };
  }

  change(change: Partial<World>): void {
    this.#world = { ...this.#world, ...change };
  }

  spend(what: keyof Budget): this {
    const { budget } = this.#world;
    this.change({ budget: { ...budget, [what]: budget[what] - 1 } });
    return this;
  }

  #toServer(name: Name, frame: Frame): void {
    this.set(name, { toServer: [...this.side(name).toServer, frame] });
  }

  #toClient(name: Name, frame: Frame): void {
    this.set(name, { toClient: [...this.side(name).toClient, frame] });
  }

  // Steps the client's own machine, and carries out its effects.

  client(
    name: Name,
    event: { readonly type: string; readonly [field: string]: unknown },
    frame?: Frame,
  ): void {
    const { stand, effects } = step(this.#machines.client, this.side(name).client, event);
    this.set(name, { client: stand });
    for (const { type, params } of effects) this.#clientEffect(name, type, params as never, frame);
  }

  #clientEffect(
    name: Name,
    type: string,
    params: { state?: 'connected' | 'failed'; iceRestart?: boolean },
    frame: Frame | undefined,
  ) {
    const { epoch, ahead, rtc } = this.side(name);
    const doing = (what: 'offer' | 'answer', offer: number) => {
      const { rtc: now = nowhere } = this.side(name);
      this.set(name, { rtc: { ...now, doing: [...now.doing, { what, offer }] } });
    };
    switch (type) {
      case 'announcePaired':
        this.set(name, { epoch: frame?.epoch, ahead: frame?.request });
        return;
      case 'openConnection':
        this.set(name, { rtc: nowhere });
        return;
      case 'closeConnection':
        this.set(name, { rtc: undefined });
        return;
      case 'makeOffer':
        if (ahead !== undefined && !params.iceRestart) {
          doing('offer', ahead);
          return;
        }
        this.change({ offers: this.#world.offers + 1 });
        doing('offer', this.#world.offers);
        return;
      case 'applyOffer':
        doing('answer', frame?.offer ?? 0);
        return;
      case 'applyAnswer':
        if (rtc) this.set(name, { rtc: { ...rtc, agreed: frame?.offer, isUp: false } });
        return;
      case 'probeConnection':
        if (rtc?.isUp) this.client(name, { type: 'CONNECTION_ESTABLISHED' });
        return;
      case 'sendOffer':
        if (frame?.offer === ahead) return;
        this.#toServer(name, { type: 'offer', epoch, offer: frame?.offer ?? 0 });
        return;
      case 'sendAnswer':
        this.#toServer(name, { type: 'answer', epoch, offer: frame?.offer ?? 0 });
        return;
      case 'sendReport':
        this.#toServer(name, { type: 'report', epoch, state: params.state as 'connected' });
        return;
      case 'sendUnpair':
        this.#toServer(name, { type: 'unpair', epoch });
        return;
      case 'closeSocket':
        this.set(name, { toServer: [...this.side(name).toServer, { type: 'goodbye' }] });
        return;
    }
  }

  /** Completes the oldest description that the client is making. */
  described(name: Name): void {
    const { rtc } = this.side(name);
    const [made, ...doing] = rtc?.doing ?? [];
    if (!rtc || !made) return;
    const { what, offer } = made;
    this.set(name, { rtc: { ...rtc, doing, ...(what === 'answer' && { agreed: offer, isUp: false }) } });
    this.client(
      name,
      { type: what === 'offer' ? 'LOCAL_OFFER_SET' : 'LOCAL_ANSWER_SET' },
      { type: what, offer },
    );
  }

  established(name: Name): void {
    const { rtc } = this.side(name);
    if (!rtc) return;
    this.set(name, { rtc: { ...rtc, isUp: true } });
    this.client(name, { type: 'CONNECTION_ESTABLISHED' });
  }

  // The client receives a frame.

  heard(name: Name): void {
    const [frame, ...rest] = this.side(name).toClient;
    if (!frame) return;
    this.set(name, { toClient: rest });
    if (frame.type === 'paired') {
      const isInitiator = frame.initiator === true;
      this.client(
        name,
        { type: 'PAIRED', peerId: otherOf(name), isInitiator, isPolite: !isInitiator },
        frame,
      );
      return;
    }
    // A frame that names another pairing is ignored.
    if (frame.epoch !== this.side(name).epoch) return;
    const events: Record<string, string> = {
      offer: 'OFFER_RECEIVED',
      answer: 'ANSWER_RECEIVED',
      peer_disconnected: 'PEER_DISCONNECTED',
    };
    const type = events[frame.type];
    if (type) this.client(name, { type }, frame);
  }

  // The server receives a frame: steps its session's and its pairing's machine, and sends what their effects say.

  serverHeard(name: Name): void {
    const [frame, ...rest] = this.side(name).toServer;
    if (!frame) return;
    this.set(name, { toServer: rest });
    const { pairing } = this.#world;
    switch (frame.type) {
      case 'pair_request': {
        const other = this.side(otherOf(name)).session;
        const target = other.value === 'disconnected' ? 'unknown' : pairing ? 'peer' : 'free';
        const asked = { type: 'PAIR_REQUESTED', target, targetId: otherOf(name), key: undefined };
        this.#session(name, asked, frame);
        return;
      }
      case 'offer':
        if (frame.request !== undefined) {
          const { asked } = this.side(name);
          if (asked?.request === frame.request)
            this.#signal(name, { ...frame, request: undefined, epoch: asked.epoch });
          return;
        }
        break;
      case 'goodbye':
        this.#session(name, { type: 'SOCKET_CLOSED', isGoodbye: true });
        return;
    }
    this.#signal(name, frame);
  }

  #signal(name: Name, frame: Frame): void {
    const { pairing } = this.#world;
    const type = { offer: 'OFFER', answer: 'ANSWER', report: 'REPORT', unpair: 'UNPAIR' }[frame.type];
    if (pairing)
      this.#pairing(
        name,
        { type: `${type}_RECEIVED`, epoch: frame.epoch, isConnected: frame.state === 'connected' },
        frame,
      );
    else this.#session(name, { type: `${type}_RECEIVED` });
  }

  #session(
    name: Name,
    event: { readonly type: string; readonly [field: string]: unknown },
    frame?: Frame,
  ): void {
    const { stand, effects } = step(this.#machines.session, this.side(name).session, event);
    this.set(name, { session: stand });
    for (const { type, params } of effects)
      if (type === 'createPairing') this.#form(name, frame);
      else if (type === 'leavePairing' && this.#world.pairing)
        this.#pairing(name, { type: 'PEER_LOST', reason: (params as { reason: string }).reason });
  }

  #form(initiator: Name, request?: Frame): void {
    if (this.#world.pairing) throw new Violation('a second pairing of the same two');
    const epoch = this.#world.epochs + 1;
    const { stand } = started(this.#machines.pairing, {
      initiatorId: initiator,
      responderId: otherOf(initiator),
      epoch,
    });
    this.change({ epochs: epoch, pairing: { ...stand, epoch, initiator } });
    if (request?.request !== undefined) this.set(initiator, { asked: { request: request.request, epoch } });
    this.#pairing(initiator, { type: 'FORMED' }, request);
  }

  #pairing(
    from: Name,
    event: { readonly type: string; readonly [field: string]: unknown },
    frame?: Frame,
  ): void {
    const pairing = this.#world.pairing as Pairing;
    const side = from === pairing.initiator ? 'initiator' : 'responder';
    const { stand, effects } = step(this.#machines.pairing, pairing, { ...event, from: side } as never);
    this.change({ pairing: { ...pairing, ...stand } });
    for (const { type } of effects) this.#pairingEffect(type, from, pairing, frame);
  }

  #pairingEffect(type: string, from: Name, { epoch, initiator }: Pairing, frame: Frame | undefined): void {
    const both = (tell: (name: Name) => void) => NAMES.forEach(tell);
    switch (type) {
      case 'announcePairing':
        both((name) => this.#session(name, { type: 'PAIRED', epoch, peerId: otherOf(name) }));
        both((name) => {
          const isInitiator = name === initiator;
          const request = isInitiator ? frame?.request : undefined;
          this.#toClient(name, { type: 'paired', epoch, initiator: isInitiator, request });
        });
        return;
      case 'relayToPeer':
        if (frame?.epoch !== epoch) throw new Violation(`a ${frame?.type} of an old pairing was relayed`);
        this.#toClient(otherOf(from), frame);
        return;
      case 'announceNegotiation':
        both((name) => this.#session(name, { type: 'NEGOTIATION_STARTED', epoch }));
        return;
      case 'announceConnection':
        both((name) => this.#session(name, { type: 'CONNECTED', epoch }));
        return;
      case 'endPairing':
        this.change({ pairing: undefined });
        this.#toClient(otherOf(from), { type: 'peer_disconnected', epoch });
        both((name) => this.#session(name, { type: 'UNPAIRED', epoch }));
        return;
    }
  }
}

const leafOf = (value: StateValue): string =>
  typeof value === 'string' ? value : leafOf(Object.values(value)[0] as StateValue);

export const clientState = ({ client }: Side): string =>
  typeof client.value === 'string'
    ? client.value
    : leafOf((client.value as { open: { connection: StateValue } }).open.connection);

/** Everything that can happen next. */
export function movesIn(world: World, machines: Machines = ours): Move[] {
  return NAMES.flatMap((name) => movesOf(world, name, machines));
}

function movesOf(world: World, name: Name, machines: Machines): Move[] {
  const side = world[name];
  const { budget } = world;
  const move = (what: string, isSure: boolean, take: (turn: Turn) => void): Move => ({
    name: `${name}: ${what}`,
    isSure,
    take: () => {
      const turn = new Turn(world, machines);
      take(turn);
      return turn.world;
    },
  });
  const moves: Move[] = [];
  const [toServer] = side.toServer;
  const [toClient] = side.toClient;
  if (toServer)
    moves.push(move(`${toServer.type} reaches the server`, true, (turn) => turn.serverHeard(name)));
  if (toClient) moves.push(move(`${toClient.type} reaches the client`, true, (turn) => turn.heard(name)));
  if (side.rtc?.doing[0])
    moves.push(move(`its ${side.rtc.doing[0].what} is made`, true, (turn) => turn.described(name)));
  const other = world[otherOf(name)];
  const isAgreed =
    side.rtc?.agreed !== undefined && side.rtc.agreed === other.rtc?.agreed && side.epoch === other.epoch;
  if (isAgreed && side.rtc?.isUp === false)
    moves.push(move('a way is found', true, (turn) => turn.established(name)));
  const state = clientState(side);
  const isOpen = state !== 'disconnected';
  const snapshot = machines.client.resolveState(side.client as never);
  for (const { delay, eventType } of isOpen ? runningDelays(snapshot as never) : [])
    moves.push(move(`after ${delay}`, true, (turn) => turn.client(name, { type: eventType })));
  if (budget.pair > 0 && isOpen && state === 'unpaired')
    moves.push(
      move('asks for the other', false, (turn) =>
        turn.spend('pair').set(name, { toServer: [...side.toServer, { type: 'pair_request' }] }),
      ),
    );
  if (budget.pair > 0 && budget.ahead > 0 && isOpen && state === 'unpaired')
    moves.push(
      move('asks for the other, and offers', false, (turn) => {
        const offer = world.offers;
        const asks: Frame[] = [
          { type: 'pair_request', request: offer },
          { type: 'offer', request: offer, offer },
        ];
        turn
          .spend('pair')
          .spend('ahead')
          .change({ offers: offer + 1 });
        turn.set(name, { toServer: [...side.toServer, ...asks] });
      }),
    );
  if (budget.unpair > 0 && isOpen && state !== 'unpaired')
    moves.push(
      move('unpairs', false, (turn) =>
        turn.spend('unpair').client(name, { type: 'UNPAIR_ASKED', hasUnsent: false }),
      ),
    );
  if (budget.close > 0 && isOpen)
    moves.push(
      move('closes', false, (turn) =>
        turn.spend('close').client(name, { type: 'CLOSE_ASKED', hasUnsent: false }),
      ),
    );
  if (budget.fail > 0 && side.rtc?.isUp)
    moves.push(
      move('its connection fails', false, (turn) => {
        turn.spend('fail').set(name, { rtc: { ...(side.rtc as Rtc), isUp: false, agreed: undefined } });
        turn.client(name, { type: 'CONNECTION_FAILED' });
      }),
    );
  if (budget.lose > 0 && (toServer?.type === 'offer' || toServer?.type === 'answer'))
    moves.push(
      move(`its ${toServer.type} is lost`, false, (turn) =>
        turn.spend('lose').set(name, { toServer: side.toServer.slice(1) }),
      ),
    );
  return moves;
}

/** Nothing is in flight, and no description is being made: the state lasts until a deadline. */
export function isAtRest(world: World): boolean {
  return NAMES.every((name) => {
    const { toServer, toClient, rtc } = world[name];
    return toServer.length === 0 && toClient.length === 0 && (rtc?.doing.length ?? 0) === 0;
  });
}

/** Both are connected to each other and the server knows it; or nobody is paired and the server knows that. */
export function isSettled(world: World): boolean {
  if (!isAtRest(world)) return false;
  const states = NAMES.map((name) => clientState(world[name]));
  if (!world.pairing) return states.every((state) => state === 'unpaired' || state === 'disconnected');
  return states.every((state) => state === 'connected') && world.pairing.value === 'connected';
}

/** What is wrong with the world; empty if the promises are kept. */
export function problemsOf(world: World): string[] {
  return NAMES.flatMap((name) => [...ofSession(world, name), ...ofClient(world, name)]);
}

/** A session's state always matches its pairing's. */
function ofSession({ pairing, ...sides }: World, name: Name): string[] {
  const { value } = sides[name].session;
  if (typeof value === 'string') return [];
  const { pairings } = (value as { present: { pairings: string } }).present;
  const phase = pairing === undefined ? 'unpaired' : rootOf(pairing.value);
  return pairings === phase ? [] : [`the session of ${name} is ${pairings}, its pairing ${phase}`];
}

/** A client with nothing in flight is paired as the server believes. */
function ofClient(world: World, name: Name): string[] {
  if (!isAtRest(world)) return [];
  const state = clientState(world[name]);
  const epoch = ['unpaired', 'disconnected'].includes(state) ? undefined : world[name].epoch;
  const known = world.pairing?.epoch;
  return epoch === known
    ? []
    : [`${name} is ${state} of ${epoch ?? 'nothing'}, and the server has ${known ?? 'nothing'}`];
}

const rootOf = (value: StateValue): string =>
  typeof value === 'string' ? value : (Object.keys(value)[0] as string);
