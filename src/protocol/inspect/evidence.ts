/**
 * What a peer reports about its connection, to find the cause of a failure: kinds, states and counts, never an address.
 * All values are from known sets and all lists are short, because reports come from strangers.
 */
import type { Static } from 'typebox';
import {
  candidateKinds,
  dtlsStates,
  iceStates,
  MAX_EVIDENCE_ERRORS,
  MAX_EVIDENCE_PAIRS,
  pairStates,
  sctpStates,
  transportProtocols,
} from './evidence-values.ts';

const MAX_COUNT = 1_000_000;
const MAX_BUFFERED = 1_000_000_000;
const kind = { enum: candidateKinds } as const;
const count = { type: 'integer', minimum: 0, maximum: MAX_COUNT } as const;

export const evidenceSchema = {
  type: 'object',
  properties: {
    ice: { enum: iceStates, description: 'RTCIceTransportState.' },
    dtls: { enum: dtlsStates, description: 'RTCDtlsTransportState.' },
    sctp: { enum: sctpStates, description: 'RTCSctpTransportState.' },
    pairs: {
      type: 'array',
      description: 'Candidate pairs, grouped by kinds.',
      maxItems: MAX_EVIDENCE_PAIRS,
      items: {
        type: 'object',
        required: ['local', 'remote', 'protocol', 'state', 'pairs', 'sent', 'answered'],
        properties: {
          local: kind,
          remote: kind,
          protocol: { enum: transportProtocols },
          state: {
            enum: pairStates,
            description: 'RTCStatsIceCandidatePairState of the pair that has come farthest.',
          },
          pairs: { ...count, description: 'How many pairs are in this group.' },
          sent: { ...count, description: 'Connectivity checks that were sent.' },
          answered: { ...count, description: 'Of those, answered.' },
          received: { ...count, description: 'Checks from the other side that arrived.' },
          selected: { const: true, description: 'The data goes over one of these pairs.' },
          rtt_ms: { ...count, description: 'Round-trip time in milliseconds.' },
        },
      },
    },
    flow: {
      type: 'object',
      description: 'Figures of the open connection, sent every five seconds while the server asks for them.',
      required: ['buffered', 'sent', 'answered'],
      properties: {
        rtt_ms: { ...count, description: 'Round-trip time in milliseconds.' },
        buffered: {
          type: 'integer',
          minimum: 0,
          maximum: MAX_BUFFERED,
          description: 'Bytes that wait in the data channels.',
        },
        sent: { ...count, description: 'Checks that were sent since the connection began.' },
        answered: { ...count, description: 'Of those, answered; the rest was lost.' },
      },
    },
    errors: {
      type: 'array',
      description:
        'Error codes of `icecandidateerror`: 701 for a server that does not answer, else STUN’s own.',
      maxItems: MAX_EVIDENCE_ERRORS,
      items: { type: 'integer', minimum: 300, maximum: 799 },
    },
  },
} as const;

export type Evidence = Static<typeof evidenceSchema>;
export type Flow = NonNullable<Evidence['flow']>;
export type EvidencePair = NonNullable<Evidence['pairs']>[number];

/** Keeps only what the schema names; a message may contain more. */
export function pickEvidence({ ice, dtls, sctp, pairs, flow, errors }: Evidence): Evidence {
  return {
    ...(ice && { ice }),
    ...(dtls && { dtls }),
    ...(sctp && { sctp }),
    ...(pairs && { pairs: pairs.map(pickPair) }),
    ...(flow && { flow: pickFlow(flow) }),
    ...(errors && errors.length > 0 && { errors: [...errors] }),
  };
}

function pickFlow({ rtt_ms, buffered, sent, answered }: Flow): Flow {
  return { ...(rtt_ms !== undefined && { rtt_ms }), buffered, sent, answered };
}

function pickPair({
  local,
  remote,
  protocol,
  state,
  pairs,
  sent,
  answered,
  received,
  selected,
  rtt_ms,
}: EvidencePair): EvidencePair {
  return {
    local,
    remote,
    protocol,
    state,
    pairs,
    sent,
    answered,
    ...(received !== undefined && { received }),
    ...(selected && { selected }),
    ...(rtt_ms !== undefined && { rtt_ms }),
  };
}
