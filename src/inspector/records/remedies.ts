/** What to do about a finding: the option to set, in words. */
import type { CandidateKind } from '../../protocol/index.ts';

type Kinds = ReadonlySet<CandidateKind | 'mDNS host'>;

/** By the code of a refusal, or by what a guard checked. */
export const refusalRemedies: Readonly<Record<string, string>> = {
  key_not_found:
    'A key works once, for ten minutes unless its maker said otherwise, and is gone with the session that made it: make a new one.',
  target_not_found:
    'Nobody of that id is connected: ids change when a page is loaded again. Pair by key, or by a fresh id.',
  already_paired: 'It has a peer. Let it unpair first, or connect with peers: 2 or more.',
  target_already_paired: 'The other one has a peer: it may take more with peers: 2 or more.',
  too_many_keys: 'It holds as many keys as it may: use them, let them expire, or raise the limit.',
  too_many_key_guesses: 'Its address guessed too many keys; it may try again in a minute.',
  no_offer: 'Answer only after an offer arrived; a client library that negotiates by itself does so.',
  not_paired: 'Pair first: signals go to the peer of the current pairing.',
  too_many_messages:
    'Send fewer messages a second, or raise --max-messages-per-second, or --max-messages-per-address for many clients of one address.',
  too_many_bytes: 'Send fewer bytes a second, or raise --max-bytes-per-second.',
  epoch: 'It named another pairing than this one: a client must drop candidates of an earlier pairing.',
};

interface Deadline {
  /** The client's setting. */
  readonly name: string;
  readonly remedy: string;
}

const deadlines: Readonly<Record<string, Deadline>> = {
  offer_timeout: {
    name: 'offerTimeoutMs',
    remedy:
      'The initiator never offered within offerTimeoutMs: see what its page or program does after it is paired.',
  },
  answer_timeout: {
    name: 'answerTimeoutMs',
    remedy:
      'No answer came within answerTimeoutMs: see whether the other side got the offer, and what it did with it.',
  },
  own_answer_timeout: {
    name: 'answerTimeoutMs',
    remedy: 'Its own WebRTC engine made no answer within answerTimeoutMs.',
  },
  connection_timeout: {
    name: 'checkingTimeoutMs',
    remedy: 'No way was found within checkingTimeoutMs.',
  },
};

/** @returns undefined if the failure is not a deadline */
export function deadlineOf(failure: string): Deadline | undefined {
  return Object.hasOwn(deadlines, failure) ? deadlines[failure] : undefined;
}

/** What would have given the two a path to each other. */
export function remedyForCandidates(initiator: Kinds, responder: Kinds): string {
  const both = [initiator, responder];
  if (both.some(({ size }) => size === 0))
    return 'One side offered no candidates: UDP may be blocked for it, or its page may not use the network. Set --turn-url with a turns: URL over TCP 443.';
  if (both.some((kinds) => kinds.has('relay')))
    return 'There is a relay, and it did not help: check that the TURN server is reachable from both, and that --turn-secret is its static-auth-secret.';
  if (both.some((kinds) => kinds.has('srflx')))
    return 'Both networks may block direct UDP: set --turn-url and --turn-secret, so that the two can meet at a relay.';
  if (both.some((kinds) => kinds.has('mDNS host')))
    return 'A host candidate behind an mDNS name works in one network only: set --stun-url, and --turn-url with --turn-secret for networks that block UDP.';
  return 'Only addresses of the own networks were offered: set --stun-url, and --turn-url with --turn-secret for networks that block UDP.';
}
