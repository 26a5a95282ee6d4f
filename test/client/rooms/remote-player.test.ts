/** The remote player's machine alone: events go in, states and effects come out. */
import { describe, expect, it } from '@jest/globals';
import {
  Hosted,
  MachineHost,
  type RemotePlayerEvent,
  remotePlayerMachine,
  StepQueue,
} from '../../../src/machines/index.ts';
import { noteTransitions } from '../../support/machines/transition-coverage.ts';

/** The events of the tests, by a name that says what happens. */
const events = {
  'we ask': { type: 'CONNECT_ASKED', isOnline: true },
  'we ask, offline': { type: 'CONNECT_ASKED', isOnline: false },
  'our socket connects': { type: 'SOCKET_CONNECTED' },
  'an offer comes': { type: 'OFFER_RECEIVED', isOfNewConnection: false },
  'an offer of a new connection comes': { type: 'OFFER_RECEIVED', isOfNewConnection: true },
  'the channel opens': { type: 'CHANNEL_OPENED' },
  'the player leaves': { type: 'PLAYER_LEFT', isOnPurpose: true, isConnectionUp: true },
  "the player's socket is lost": { type: 'PLAYER_LEFT', isOnPurpose: false, isConnectionUp: true },
  'socket and connection are lost': { type: 'PLAYER_LEFT', isOnPurpose: false, isConnectionUp: false },
  'the peer is gone': { type: 'PEER_GONE' },
  'the negotiation gives up': { type: 'GAVE_UP' },
} satisfies Record<string, RemotePlayerEvent>;

type EventName = keyof typeof events;

const states = {
  apart: [],
  wanted: ['we ask, offline'],
  connecting: ['we ask'],
  present: ['we ask', 'the channel opens'],
  departed: ['we ask', 'the channel opens', "the player's socket is lost"],
} satisfies Record<string, EventName[]>;

const values: Record<keyof typeof states, unknown> = {
  apart: 'apart',
  wanted: 'wanted',
  connecting: { paired: 'connecting' },
  present: { paired: { open: 'present' } },
  departed: { paired: { open: 'departed' } },
};

/** Takes a new machine through the events. @returns its state, and the effects of the last event */
function after(names: readonly EventName[]): [value: unknown, effects: string[]] {
  const instance = new Hosted<Record<string, never>>();
  const host = new MachineHost(remotePlayerMachine, {
    queue: new StepQueue(),
    executors: Object.fromEntries(
      Object.keys(remotePlayerMachine.implementations.actions).map((name) => [name, () => {}]),
    ) as never,
    onError: (_, error) => {
      throw error;
    },
  });
  let effects: string[] = [];
  host.observer = (step) => {
    noteTransitions(step);
    effects = step.effects.map(({ type }) => type);
  };
  host.start(instance, undefined);
  for (const name of names) host.dispatch(instance, events[name]);
  return [instance.value, effects];
}

describe('a remote player', () => {
  it.each<[from: keyof typeof states, event: EventName, to: keyof typeof states, effects: string[]]>([
    ['apart', 'we ask', 'connecting', ['pairAsAsked']],
    ['apart', 'we ask, offline', 'wanted', []],
    ['apart', 'an offer comes', 'connecting', ['pairAsOffered']],
    ['apart', 'the peer is gone', 'apart', []],
    ['apart', 'the player leaves', 'apart', []],
    ['wanted', 'our socket connects', 'connecting', ['pairAsAsked']],
    ['wanted', 'the peer is gone', 'wanted', []],
    ['connecting', 'we ask', 'connecting', []],
    ['connecting', 'an offer comes', 'connecting', []],
    ['connecting', 'an offer of a new connection comes', 'connecting', ['replacePairing', 'pairAsOffered']],
    ['connecting', 'the channel opens', 'present', ['announceOpened']],
    ['connecting', "the player's socket is lost", 'connecting', ['endPairing']],
    ['connecting', 'the peer is gone', 'apart', ['announceFailure']],
    ['connecting', 'the negotiation gives up', 'apart', ['announceFailure']],
    ['present', 'we ask', 'present', []],
    ['present', 'an offer comes', 'present', []],
    [
      'present',
      'an offer of a new connection comes',
      'connecting',
      ['announceClosed', 'replacePairing', 'pairAsOffered'],
    ],
    ['present', "the player's socket is lost", 'departed', []],
    ['present', 'socket and connection are lost', 'present', ['endPairing']],
    ['present', 'the player leaves', 'present', ['endPairing']],
    ['present', 'the peer is gone', 'apart', ['announceClosed']],
    ['present', 'the negotiation gives up', 'apart', ['announceClosed', 'announceFailure']],
    ['departed', 'we ask', 'connecting', ['announceClosed', 'replacePairing', 'pairAsAsked']],
    ['departed', 'we ask, offline', 'wanted', ['announceClosed', 'endPairing']],
    ['departed', 'an offer comes', 'present', []],
    [
      'departed',
      'an offer of a new connection comes',
      'connecting',
      ['announceClosed', 'replacePairing', 'pairAsOffered'],
    ],
    ['departed', "the player's socket is lost", 'departed', []],
    ['departed', 'the player leaves', 'departed', ['endPairing']],
    ['departed', 'the peer is gone', 'apart', ['announceClosed']],
  ])('%s, when %s, is %s', (from, event, to, effects) => {
    expect(after([...states[from], event])).toEqual([values[to], effects]);
  });
});
