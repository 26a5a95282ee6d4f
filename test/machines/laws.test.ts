/** What must hold of every machine, whatever it is for. */
import { describe, expect, it } from '@jest/globals';
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { stateNodesOf } from '../../src/machines/chart/transition-names.ts';
import { runningDelays } from '../../src/machines/host/xstate-inspected.ts';
import { Hosted, MachineHost, StepQueue, type TimerWheel } from '../../src/machines/index.ts';
import { type MachineCase, machineCases } from '../support/machines/machine-cases.ts';

/** For each machine the events that a state lets pass without effect, on purpose. Everything else must be handled. */
const ignored: { readonly [machine: string]: { readonly [state: string]: readonly string[] } } = {
  session: {
    // An answer of another node that comes late is dealt with before it comes to the machine.
    'present.request.idle': ['PAIRED', 'GRANTED', 'DENIED'],
    'present.request.asking': [],
    'present.pairings.unpaired': [],
    'present.pairings.paired': [],
    'present.pairings.negotiating': [],
    'present.pairings.connected': [],
    'present.socket.online.heard': [],
    'present.socket.online.pinged': [],
    'present.socket.away': ['HEARD'],
    'present.socket.drained': ['HEARD', 'RESUMED'],
    'present.token.unlimited': [],
    'present.token.valid': [],
    'present.token.expiring': [],
  },
  pairing: {
    // A report before the descriptions are exchanged is about an earlier connection.
    forming: ['OFFER_RECEIVED', 'REPORT_RECEIVED'],
    paired: ['FORMED', 'RESTORED', 'REPORT_RECEIVED'],
    'negotiating.offered': ['FORMED', 'RESTORED', 'REPORT_RECEIVED'],
    'negotiating.unordered': ['FORMED', 'RESTORED'],
    'negotiating.answered': ['FORMED', 'RESTORED'],
    connected: ['FORMED', 'RESTORED'],
  },
  'node-link': {
    greeting: [],
    open: ['GREETED', 'BUS_UP'],
    suspended: ['GREETED', 'UNREACHABLE', 'BUS_DOWN'],
  },
  'remote-session': {
    online: [],
    away: ['WENT_AWAY'],
    // Nobody has it, so nobody says anything of it; what is late is passed over.
    moving: ['WENT_AWAY', 'MOVING'],
    cutOff: ['WENT_AWAY', 'MOVING', 'CUT_OFF'],
  },
  player: { outside: [], joined: [] },
  room: {
    created: [],
    open: [],
    locked: [],
    closing: [],
  },
  // A pairing that there is not is not connected, and none is refused while there is one.
  edge: {
    pairing: ['DISCONNECTED'],
    connecting: ['DISCONNECTED'],
    slow: ['DISCONNECTED'],
    connected: ['CONNECTED'],
    missing: ['DISCONNECTED'],
    awaited: ['DISCONNECTED'],
  },
  // What a connection that is closed already still had to say; an offer of ours that was rolled back is not sent.
  negotiation: {
    'open.signaling.connecting': [],
    'open.signaling.online': ['WELCOMED'],
    'open.signaling.waiting': ['SOCKET_LOST'],
    'open.signaling.lost': ['WELCOMED', 'SOCKET_LOST'],
    'open.connection.unpaired': [
      'UNPAIR_ASKED',
      'WELCOMED',
      'OFFER_RECEIVED',
      'ANSWER_RECEIVED',
      'CANDIDATE_RECEIVED',
      'PEER_DISCONNECTED',
      'SOCKET_LOST',
      'LOCAL_OFFER_SET',
      'LOCAL_ANSWER_SET',
      'LOCAL_CANDIDATE_FOUND',
      'DESCRIPTION_REFUSED',
      'CONNECTION_ESTABLISHED',
      'CONNECTION_FAILED',
      'NETWORK_CHANGED',
      'CLOSED_BY_PEER',
      'DRAINED',
      'CANDIDATE_REFUSED',
    ],
    'open.connection.paired.expecting': [
      'ANSWER_RECEIVED',
      'LOCAL_OFFER_SET',
      'CONNECTION_ESTABLISHED',
      'CONNECTION_FAILED',
      'NETWORK_CHANGED',
      'DRAINED',
    ],
    'open.connection.paired.offering': [
      'CONNECTION_ESTABLISHED',
      'CONNECTION_FAILED',
      'NETWORK_CHANGED',
      'DRAINED',
    ],
    'open.connection.paired.answering': [
      'ANSWER_RECEIVED',
      'LOCAL_OFFER_SET',
      'CONNECTION_ESTABLISHED',
      'CONNECTION_FAILED',
      'NETWORK_CHANGED',
      'DRAINED',
    ],
    'open.connection.paired.checking': ['ANSWER_RECEIVED', 'LOCAL_OFFER_SET', 'NETWORK_CHANGED', 'DRAINED'],
    'open.connection.paired.connected': [
      'ANSWER_RECEIVED',
      'LOCAL_OFFER_SET',
      'CONNECTION_ESTABLISHED',
      'DRAINED',
    ],
    'open.connection.paired.restarting': [
      'CONNECTION_ESTABLISHED',
      'CONNECTION_FAILED',
      'NETWORK_CHANGED',
      'DRAINED',
    ],
    'open.connection.paired.draining': [
      'OFFER_RECEIVED',
      'ANSWER_RECEIVED',
      'LOCAL_OFFER_SET',
      'CONNECTION_ESTABLISHED',
      'NETWORK_CHANGED',
    ],
  },

  // Of a player that is not, or no longer, connected to there is nothing to hear.
  'remote-player': {
    apart: ['PLAYER_LEFT', 'SOCKET_CONNECTED', 'CHANNEL_OPENED', 'PEER_GONE', 'GAVE_UP'],
    wanted: ['CONNECT_ASKED', 'OFFER_RECEIVED', 'PLAYER_LEFT', 'CHANNEL_OPENED', 'PEER_GONE', 'GAVE_UP'],
    'paired.connecting': ['CONNECT_ASKED', 'SOCKET_CONNECTED'],
    'paired.open.present': ['CONNECT_ASKED', 'SOCKET_CONNECTED', 'CHANNEL_OPENED'],
    'paired.open.departed': ['SOCKET_CONNECTED', 'CHANNEL_OPENED'],
  },
  'absent-peer': { expected: [] },
  // There is one answer, and only one that is kept can be in the way.
  authorization: { pending: ['EVICTED'], kept: ['ANSWERED', 'FAILED'] },
  // What is on its way takes along what came before it, and is one at a time.
  delivery: {
    idle: ['DELIVERED', 'FAILED'],
    sending: ['QUEUED'],
    waiting: ['QUEUED', 'DELIVERED', 'FAILED'],
    closing: ['QUEUED', 'STOPPED'],
  },
  'relay-link': {
    // Nobody has an id here that could be taken from it; and a link is reached once.
    accepted: ['DISPLACED'],
    registering: ['DISPLACED', 'PARENT_REACHED'],
    adjacentServer: ['PARENT_REACHED'],
    adjacentClient: ['PARENT_REACHED'],
  },
};

interface Walker {
  readonly instance: Hosted<unknown>;
  readonly host: MachineHost<AnyStateMachine, Hosted<unknown>>;
  readonly wheel: TimerWheel;
}

/** One host a machine: it learns its steps once. */
const hosts = new Map<AnyStateMachine, Omit<Walker, 'instance'>>();

function hostFor(machine: AnyStateMachine): Omit<Walker, 'instance'> {
  const known = hosts.get(machine);
  if (known) return known;
  const executors = Object.fromEntries(
    Object.keys(machine.implementations.actions).map((name) => [name, () => {}]),
  );
  const queue = new StepQueue();
  const host = new MachineHost<AnyStateMachine, Hosted<unknown>>(machine, {
    executors,
    queue,
    onError: (_instance, error) => {
      throw error;
    },
  });
  const made = { host, wheel: queue.timers };
  hosts.set(machine, made);
  return made;
}

function started({ machine }: MachineCase, input: unknown): Walker {
  const { host, wheel } = hostFor(machine);
  const instance = new Hosted<unknown>();
  host.start(instance, input);
  return { instance, host, wheel };
}

type Place = Pick<Hosted<unknown>, 'value' | 'context' | 'isDone'>;

/** One that is in that place, with the timers that its states arm: that those run, and no others, was seen on the visit. */
function walkerAt({ machine }: MachineCase, { value, context }: Place): Walker {
  const { host, wheel } = hostFor(machine);
  const instance = Object.assign(new Hosted<unknown>(), { value, context });
  for (const { delay, eventType } of runningDelays(host.snapshotOf(instance))) {
    const made: unknown = machine.implementations.delays[delay] ?? Number(delay);
    const ms = typeof made === 'function' ? made({ context, event: {} }) : made;
    wheel.arm(instance, eventType, ms as number, (type) => host.dispatch(instance, { type }));
  }
  return { instance, host, wheel };
}

/** The nearest so many: contexts make more of them than there is time for. */
const MAX_STATES = 2_000;

/** Breadth first over all states that events and timers lead to, by the names of the active states. */
function explore(machineCase: MachineCase, visit: (walker: Walker) => void): void {
  const seen = new Set<string>();
  const open: Place[] = [];
  const arrive = (walker: Walker) => {
    const { instance, wheel } = walker;
    const key = JSON.stringify([instance.value, instance.context], withoutCounters);
    if (!seen.has(key) && seen.size < MAX_STATES) {
      seen.add(key);
      open.push(instance);
      visit(walker);
    }
    // The next one's time is its own.
    wheel.disarmAll(instance);
  };
  for (const input of machineCase.inputs) arrive(started(machineCase, input));
  // It grows while it is read.
  for (const place of open) {
    if (place.isDone) continue;
    for (const event of machineCase.events) {
      const walker = walkerAt(machineCase, place);
      walker.host.dispatch(walker.instance, event);
      arrive(walker);
    }
    const walker = walkerAt(machineCase, place);
    walker.wheel.advance(walker.wheel.now + 60_000);
    arrive(walker);
  }
}

interface Survey {
  /** The states that were active somewhere. */
  readonly reached: ReadonlySet<string>;
  /** In each place how many timers ran, and how many delays the active states have. */
  readonly timers: readonly (readonly [running: number, delays: number])[];
}

/** One exploration a machine, which is what takes time. */
const surveys = new Map<AnyStateMachine, Survey>();

function surveyOf(machineCase: MachineCase): Survey {
  const known = surveys.get(machineCase.machine);
  if (known) return known;
  const reached = new Set<string>();
  const timers: [number, number][] = [];
  explore(machineCase, (walker) => {
    const nodes = activeNodes(walker);
    for (const node of nodes) reached.add(node.id);
    const delayed = nodes.flatMap((node) => [...new Set(node.after.map(({ eventType }) => eventType))]);
    timers.push([walker.wheel.size, walker.instance.isDone ? 0 : delayed.length]);
  });
  const survey = { reached, timers };
  surveys.set(machineCase.machine, survey);
  return survey;
}

/** What grows without end would make every state a new one. */
const withoutCounters = (field: string, value: unknown) =>
  ['attempts', 'backoffMs', 'candidatesRefused', 'settings'].includes(field) ? undefined : value;

const activeNodes = ({ host, instance }: Walker) =>
  (host.snapshotOf(instance) as unknown as { _nodes: AnyStateNode[] })._nodes;

const shortId = (machine: AnyStateMachine, node: AnyStateNode) => node.id.slice(machine.id.length + 1);

describe.each(machineCases)('the %s machine', (_name, machineCase) => {
  const { machine } = machineCase;
  /** Not those that are left at once, before any event. */
  const restingNodes = stateNodesOf(machine.root).filter(
    (node) => !node.always?.some((transition) => transition.guard === undefined),
  );
  const leaves = restingNodes.filter((node) => node.type === 'atomic');

  it('has a way into every state', () => {
    const { reached } = surveyOf(machineCase);
    expect([...reached].sort()).toEqual(restingNodes.map((node) => node.id).sort());
  });

  it('handles every event in every state, or lists it as ignored', () => {
    const types = [...new Set(machineCase.events.map((event) => event.type))];
    const regions = leaves.map((leaf) => {
      const line: AnyStateNode[] = [];
      for (let node: AnyStateNode | undefined = leaf; node; node = node.parent) line.push(node);
      return {
        state: shortId(machine, leaf),
        handled: new Set(line.flatMap((node) => [...node.transitions.keys()])),
      };
    });
    // In parallel regions it is enough that one of them knows the event.
    const regionOf = (state: string) => state.split('.').slice(0, 2).join('.');
    const known = (state: string, type: string) =>
      regions.some((region) => regionOf(region.state) === regionOf(state) && region.handled.has(type));
    const isParallel = stateNodesOf(machine.root).some((node) => node.type === 'parallel');
    for (const { state, handled } of regions) {
      const missing = types.filter((type) => !handled.has(type) && (!isParallel || known(state, type)));
      expect([state, missing.sort()]).toEqual([
        state,
        [...(ignored[machine.id]?.[state] ?? ['(not listed)'])].sort(),
      ]);
    }
  });

  it('disarms every timer when it leaves the state that armed it', () => {
    for (const [running, delays] of surveyOf(machineCase).timers) expect(running).toBe(delays);
  });

  it('has a description on every state, and only named actions and guards', () => {
    for (const node of stateNodesOf(machine.root)) {
      expect([node.id, node.description]).toEqual([node.id, expect.any(String)]);
      const transitions = [...node.transitions.values()].flat();
      const actions = [
        ...node.entry,
        ...node.exit,
        ...transitions.flatMap((transition) => transition.actions),
      ];
      for (const used of [...actions, ...transitions.map((transition) => transition.guard ?? 'none')]) {
        const isBuiltIn =
          typeof used === 'function' && String((used as { type?: string }).type).startsWith('xstate.');
        if (!isBuiltIn) expect([node.id, typeof used]).not.toEqual([node.id, 'function']);
      }
    }
  });
});
