/**
 * A TCP link of the relay network, as the server at one end sees it: who is at the other end, and what it may send. The
 * rules of the relay-chat protocol are transitions here; their effects change the table and other links.
 *
 * The protocol does not say what becomes of an id that two halves of a network gave away while they were separated.
 * Here the parent's side wins: what it announces displaces what this side has, all the way down, so that the tables
 * agree again. A loop ends in the same way, because in a loop every server's id comes back from above.
 */
import { assign, setup } from 'xstate';
import { eventOf } from '../host/effect.ts';
import { type CloseReason, type RejectReason, relayLinkEffects } from './relay-link-effects.ts';
import type { Destination, RelayLinkEvent } from './relay-link-events.ts';
import type { RelayHostKind, Standing } from './relay-table.ts';

/** A host that opens a link and does not register is closed after this time. */
export const REGISTRATION_TIMEOUT_MS = 10_000;

export interface RelayLinkContext {
  /** Whether this server opened the link, to its parent. */
  readonly isParent: boolean;
  /** The id of the host at the other end, once it has registered. */
  readonly hostId: number | undefined;
}

export interface RelayLinkInput {
  readonly isParent: boolean;
}

const close = (reason: CloseReason) => ({
  target: '#relay-link.closed',
  actions: { type: 'closeLink' as const, params: { reason } },
});
const reject = (reason: RejectReason) => ({
  actions: { type: 'rejectMessage' as const, params: { reason } },
});
const inStanding = (standing: Standing) => ({ type: 'isInStanding' as const, params: { standing } });
const headsTo = (destination: Destination) => ({ type: 'headsTo' as const, params: { destination } });

const beforeRegistration = close('it sent something else before it registered');
const insteadOfAnswer = close('the parent sent something else than its own registration');

/** A registered server announces a host that it has learnt of. */
const announcement = [
  { guard: 'isFreeAndPassedOn' as const, actions: 'learnHost' as const },
  {
    guard: 'isParentsForUs' as const,
    target: '#relay-link.closed',
    actions: [
      'refuseDuplicate' as const,
      {
        type: 'closeLink' as const,
        params: { reason: 'the parent knows this server by another way' as const },
      },
    ],
  },
  { guard: 'isParentsForOther' as const, actions: 'displaceHost' as const },
  {
    guard: inStanding('free'),
    ...close('its registration names a last hop that it is not'),
  },
  { actions: 'refuseDuplicate' as const },
];

/** A registered client registers again. */
const secondRegistration = [
  { guard: inStanding('free'), ...reject('a message that a client has no reason to send') },
  { actions: 'refuseDuplicate' as const },
];

/** The host at the other end has an id that rightfully belongs to another host. */
const displaced = (kind: RelayHostKind) => ({
  target: '#relay-link.closed',
  actions: [
    { type: 'tellDisplaced' as const, params: { kind } },
    {
      type: 'closeLink' as const,
      params: { reason: 'its id is in use on the side of the parent' as const },
    },
  ],
});

const isRegistration = (event: RelayLinkEvent) =>
  event.type === 'SERVER_REGISTERED' || event.type === 'CLIENT_REGISTERED';

const isDisputed = (context: RelayLinkContext, event: RelayLinkEvent, standing: Standing) =>
  isRegistration(event) &&
  context.isParent &&
  event.standing === standing &&
  event.message.lastHopId === context.hostId;

export const relayLinkMachine = setup({
  types: {
    context: {} as RelayLinkContext,
    events: {} as RelayLinkEvent,
    input: {} as RelayLinkInput,
  },
  actions: {
    ...relayLinkEffects,
    rememberHost: assign(({ event }) => ({
      hostId: eventOf(event, 'SERVER_REGISTERED', 'CLIENT_REGISTERED').message.sourceId,
    })),
  },
  guards: {
    isInStanding: ({ event }, params: { standing: Standing }) =>
      isRegistration(event) && event.standing === params.standing,
    headsTo: ({ event }, params: { destination: Destination }) =>
      'destination' in event && event.destination === params.destination,
    /** Last hop 0: the registration comes from the newly connected host itself. */
    isFreeAndFirstHand: ({ event }) =>
      isRegistration(event) && event.standing === 'free' && event.message.lastHopId === 0,
    isFirstHand: ({ event }) => isRegistration(event) && event.message.lastHopId === 0,
    /** The server that accepted us announces itself with itself as last hop. */
    isFreeParent: ({ event }) =>
      isRegistration(event) &&
      event.standing === 'free' &&
      event.message.lastHopId === event.message.sourceId,
    isFreeAndPassedOn: ({ context, event }) =>
      isRegistration(event) && event.standing === 'free' && event.message.lastHopId === context.hostId,
    isParentsForUs: ({ context, event }) => isDisputed(context, event, 'own'),
    isParentsForOther: ({ context, event }) => isDisputed(context, event, 'elsewhere'),
    isRefusal: ({ event }) => event.type === 'STATUS_RECEIVED' && event.message.destinationId === 0,
    isFromBehind: ({ event }) => 'isFromBehind' in event && event.isFromBehind,
    isForgedSource: ({ event }) => 'isFromBehind' in event && !event.isFromBehind,
    isOwnQuit: ({ context, event }) =>
      (event.type === 'CLIENT_QUIT' || event.type === 'SERVER_QUIT') &&
      event.message.sourceId === context.hostId,
  },
  delays: { registrationTimeout: REGISTRATION_TIMEOUT_MS },
}).createMachine({
  id: 'relay-link',
  description: 'A TCP link of the relay network.',
  context: ({ input }) => ({ isParent: input.isParent, hostId: undefined }),
  initial: 'accepted',
  on: {
    SOCKET_CLOSED: close('the other end closed it'),
    BYTES_REFUSED: close('what it sent was refused'),
    UNSENT_EXCEEDED: close('it does not read what it is sent'),
    SERVER_STOPPED: close('this server stops'),
    LINK_FAILED: close('a failure inside this server'),
  },
  states: {
    accepted: {
      description: 'The link is open; no host has registered over it yet.',
      on: {
        PARENT_REACHED: { target: 'registering' },
        SERVER_REGISTERED: [
          { guard: 'isFreeAndFirstHand', target: 'adjacentServer', actions: ['rememberHost', 'adoptServer'] },
          { guard: 'isFirstHand', actions: 'refuseDuplicate' },
          beforeRegistration,
        ],
        CLIENT_REGISTERED: [
          { guard: 'isFreeAndFirstHand', target: 'adjacentClient', actions: ['rememberHost', 'adoptClient'] },
          { guard: 'isFirstHand', actions: 'refuseDuplicate' },
          beforeRegistration,
        ],
        STATUS_RECEIVED: beforeRegistration,
        CHAT_RECEIVED: beforeRegistration,
        CLIENT_QUIT: beforeRegistration,
        SERVER_QUIT: beforeRegistration,
      },
      after: { registrationTimeout: close('it never registered') },
    },
    registering: {
      description: 'This server has registered with its parent, and waits for the parent to announce itself.',
      entry: 'registerWithParent',
      on: {
        SERVER_REGISTERED: [
          { guard: 'isFreeParent', target: 'adjacentServer', actions: ['rememberHost', 'adoptParent'] },
          {
            guard: inStanding('free'),
            ...insteadOfAnswer,
          },
          {
            target: 'closed',
            actions: [
              'refuseDuplicate',
              {
                type: 'closeLink',
                params: { reason: 'the parent has an id that is known here already' },
              },
            ],
          },
        ],
        STATUS_RECEIVED: [
          {
            guard: 'isRefusal',
            target: 'closed',
            actions: ['logStatus', { type: 'closeLink', params: { reason: 'registration refused' } }],
          },
          { guard: headsTo('here'), actions: 'logStatus' },
          insteadOfAnswer,
        ],
        CLIENT_REGISTERED: insteadOfAnswer,
        CHAT_RECEIVED: insteadOfAnswer,
        CLIENT_QUIT: insteadOfAnswer,
        SERVER_QUIT: insteadOfAnswer,
      },
      after: { registrationTimeout: close('the parent never answered the registration') },
    },
    adjacentServer: {
      description: 'A server is at the other end; a part of the network lies behind it.',
      exit: 'withdrawHosts',
      on: {
        SERVER_REGISTERED: announcement,
        CLIENT_REGISTERED: announcement,
        STATUS_RECEIVED: [
          { guard: headsTo('here'), actions: 'logStatus' },
          { guard: headsTo('known'), actions: 'forward' },
          reject('a status to nobody known'),
        ],
        CHAT_RECEIVED: [
          { guard: 'isForgedSource', ...reject('a chat or quit in the name of another host') },
          { guard: headsTo('known'), actions: 'forward' },
          { guard: headsTo('unknown'), actions: 'reportUnknownId' },
          { actions: 'takeChat' },
        ],
        CLIENT_QUIT: [
          { guard: 'isFromBehind', actions: 'forgetHost' },
          reject('a chat or quit in the name of another host'),
        ],
        SERVER_QUIT: [
          {
            guard: 'isOwnQuit',
            target: 'closed',
            actions: ['attachToReplacement', { type: 'closeLink', params: { reason: 'it quit' } }],
          },
          { guard: 'isFromBehind', actions: 'forgetHost' },
          reject('a chat or quit in the name of another host'),
        ],
        DISPLACED: displaced('server'),
      },
    },
    adjacentClient: {
      description: 'A client is at the other end.',
      exit: 'withdrawHosts',
      on: {
        SERVER_REGISTERED: secondRegistration,
        CLIENT_REGISTERED: secondRegistration,
        CHAT_RECEIVED: [
          { guard: 'isForgedSource', ...reject('a chat or quit in the name of another host') },
          { guard: headsTo('known'), actions: 'forward' },
          { guard: headsTo('unknown'), actions: 'reportUnknownId' },
          { actions: 'takeChat' },
        ],
        CLIENT_QUIT: [
          { guard: 'isOwnQuit', ...close('it quit') },
          reject('a chat or quit in the name of another host'),
        ],
        STATUS_RECEIVED: reject('a message that a client has no reason to send'),
        SERVER_QUIT: reject('a message that a client has no reason to send'),
        DISPLACED: displaced('client'),
      },
    },
    closed: {
      description: 'The link is closed; the hosts behind it were withdrawn.',
      type: 'final',
    },
  },
});
