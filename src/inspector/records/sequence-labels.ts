/**
 * The wording of sequence diagrams for each kind of record: the owners of its machines, the message behind an event if
 * the record does not contain it, and what the server sends for an effect. Effects that are not listed send nothing.
 */
import type { EffectFacts, Lane, RecordHeader, RecordKind } from '../../protocol/inspect/inspect-messages.ts';

/** The message and its receiver, relative to the side that caused the event. */
export interface Sent {
  readonly to: 'self' | 'other' | 'both';
  readonly text: string;
}

export interface SequenceWords {
  /** The three lifelines, from left to right. */
  readonly lifelines: readonly [initiator: string, server: string, responder: string];
  readonly ownerOf: Readonly<Partial<Record<Lane, string>>>;
  /** The events that are a client's message, if the message itself is not in the record. */
  readonly messageOfEvent: Readonly<Record<string, string>>;
  readonly sentFor: Readonly<Record<string, (effect: EffectFacts, said: string) => readonly Sent[]>>;
  /** What is over when the record ends. */
  readonly over: string;
}

/** These notices alternate: a client may be lost first by its own node, and then by this one. */
export const [PEER_AWAY, PEER_BACK] = ['peer_away', 'peer_back'] as const;

const signals = {
  OFFER_RECEIVED: 'offer',
  ANSWER_RECEIVED: 'answer',
  CANDIDATE_RECEIVED: 'candidate',
  SIGNAL_RECEIVED: 'signal',
} as const;

const param = ({ params }: EffectFacts, name: string) => String(params?.[name] ?? '');

const pairingWords = {
  messageOfEvent: {
    ...signals,
    PAIR_REQUESTED: 'pair_request',
    KEY_REQUESTED: 'create_key',
    UNPAIR_RECEIVED: 'unpair',
    REPORT_RECEIVED: 'report',
  },
  sentFor: {
    announcePairing: () => [{ to: 'both', text: 'paired' }],
    relayToPeer: (_effect, said) => [{ to: 'other', text: said }],
    refuse: (effect) => [{ to: 'self', text: `error ${param(effect, 'code')}` }],
    denyAsk: (effect) => [{ to: 'self', text: `error ${param(effect, 'code')}` }],
    endPairing: () => [{ to: 'other', text: 'peer_disconnected' }],
    createKey: () => [{ to: 'self', text: 'key' }],
    sendPing: () => [{ to: 'self', text: 'ping' }],
    announceAway: () => [{ to: 'other', text: PEER_AWAY }],
    announceBack: () => [{ to: 'other', text: PEER_BACK }],
  },
} as const satisfies Pick<SequenceWords, 'messageOfEvent' | 'sentFor'>;

const sequenceWords = {
  pairing: {
    lifelines: ['client A', 'server', 'client B'],
    ownerOf: {
      pairing: 'pairing',
      initiator: 'session A',
      responder: 'session B',
      remote_initiator: 'client A',
      remote_responder: 'client B',
      peer_initiator: 'peer A',
      peer_responder: 'peer B',
    },
    ...pairingWords,
    over: 'The pairing is over.',
  },
  session: {
    lifelines: ['client', 'server', 'its peers'],
    ownerOf: { initiator: 'session' },
    ...pairingWords,
    over: 'The session is over.',
  },
  link: {
    lifelines: ['other end', 'this server', 'other links'],
    ownerOf: { link: 'link' },
    messageOfEvent: {},
    sentFor: {
      registerWithParent: () => [{ to: 'self', text: 'server_registration' }],
      adoptServer: (_effect, said) => [
        { to: 'self', text: 'server_registration, and all it knows' },
        { to: 'other', text: said },
      ],
      adoptParent: (_effect, said) => [
        { to: 'self', text: 'all it knows' },
        { to: 'other', text: said },
      ],
      adoptClient: (_effect, said) => [
        { to: 'self', text: 'status welcome, and all clients' },
        { to: 'other', text: said },
      ],
      learnHost: (_effect, said) => [{ to: 'other', text: said }],
      displaceHost: () => [{ to: 'other', text: 'the id is taken away' }],
      refuseDuplicate: () => [{ to: 'self', text: 'status: the id is in use' }],
      tellDisplaced: () => [{ to: 'self', text: 'status: the id is in use' }],
      forward: (_effect, said) => [{ to: 'other', text: said }],
      reportUnknownId: () => [{ to: 'self', text: 'status: unknown id' }],
      forgetHost: (_effect, said) => [{ to: 'other', text: said }],
      withdrawHosts: () => [{ to: 'other', text: 'quit of all hosts behind it' }],
    },
    over: 'The link is closed.',
  },
} as const satisfies Readonly<Record<RecordKind, SequenceWords>>;

/** The wire of game rooms has fewer messages than the native one: only refusals for pairings, and `player_left`. */
const gameWords: SequenceWords = {
  ...sequenceWords.pairing,
  lifelines: ['player A', 'server', 'player B'],
  messageOfEvent: signals,
  sentFor: {
    relayToPeer: pairingWords.sentFor.relayToPeer,
    refuse: pairingWords.sentFor.refuse,
    sendPing: pairingWords.sentFor.sendPing,
    endPairing: () => [{ to: 'other', text: 'player_left' }],
  },
};

const LEAVE = 'LEAVE';

/** PeerJS has even fewer messages: none says that two clients are paired, and only a client announces an end. */
const peerJsWords: SequenceWords = {
  ...sequenceWords.pairing,
  messageOfEvent: {
    OFFER_RECEIVED: 'OFFER',
    ANSWER_RECEIVED: 'ANSWER',
    CANDIDATE_RECEIVED: 'CANDIDATE',
    UNPAIR_RECEIVED: LEAVE,
  },
  sentFor: {
    relayToPeer: pairingWords.sentFor.relayToPeer,
    refuse: () => [{ to: 'self', text: 'EXPIRE' }],
    sendPing: pairingWords.sentFor.sendPing,
    endPairing: (_effect, said) => (said === LEAVE ? [{ to: 'other', text: LEAVE }] : []),
  },
};

export function sequenceWordsOf({
  kind = 'pairing',
  game,
  dialect,
}: Pick<RecordHeader, 'kind' | 'game' | 'dialect'>): SequenceWords {
  if (kind !== 'pairing') return sequenceWords[kind];
  if (dialect === 'peerjs') return peerJsWords;
  return game === undefined ? sequenceWords.pairing : gameWords;
}
