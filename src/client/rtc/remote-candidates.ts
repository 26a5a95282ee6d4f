/**
 * The peer's candidates: kept until a description of the peer is applied, then added concurrently, so that a slow one
 * (a name that is being resolved) delays neither the others nor a description. Only the end of candidates waits for all
 * of them.
 */
import type { CandidateRefusal } from '../../machines/without-xstate.ts';
import type { IceCandidate, PeerConnection } from './types.ts';

/**
 * Limits a peer that never sends a description, or never stops sending candidates: it must not fill our memory, or make
 * us contact any number of addresses.
 */
export const MAX_REMOTE_CANDIDATES = 256;

const CANDIDATE_LINE = /^a=candidate:.*(?:\r?\n|$)/gm;

/** The candidates that belong to one pair of ICE credentials. */
interface Generation {
  readonly credentials: string;
  readonly adding: Set<Promise<void>>;
  /** Candidates that were added, with their media sections, and the candidate lines of descriptions. */
  readonly known: Set<string>;
}

export class RemoteCandidates {
  readonly #rtc: Pick<PeerConnection, 'addIceCandidate'>;
  readonly #refused: (refusal: CandidateRefusal) => void;
  /** Candidates that came before their description. */
  #held: (IceCandidate | null)[] = [];
  /** The candidates of the current ICE credentials; undefined until the peer has sent a description. */
  #generation: Generation | undefined;
  /** The `a=mid` of each media section; undefined for a section without one. */
  #mids: readonly (string | undefined)[] = [];

  constructor(rtc: Pick<PeerConnection, 'addIceCandidate'>, refused: (refusal: CandidateRefusal) => void) {
    this.#rtc = rtc;
    this.#refused = refused;
  }

  /** Keeps a candidate until the next description of the peer is applied. */
  hold(candidate: IceCandidate | null): void {
    if (this.#held.length < MAX_REMOTE_CANDIDATES) this.#held.push(candidate);
    else this.#refused('too_many');
  }

  /** Adds a candidate, or keeps it if the peer has not sent a description yet. */
  add(candidate: IceCandidate | null): void {
    const generation = this.#generation;
    if (!generation) this.hold(candidate);
    else if (isEnd(candidate)) this.#end(generation);
    else this.#addTo(generation, withPlace(candidate, this.#mids));
  }

  /** A description of the peer with surplus candidates removed. */
  bounded(sdp: string): string {
    const isKnown = this.#generation?.credentials === credentialsIn(sdp);
    const known = new Set(isKnown ? this.#generation?.known : []);
    return sdp.replace(CANDIDATE_LINE, (line) => {
      if (known.size < MAX_REMOTE_CANDIDATES) known.add(line.trimEnd());
      if (known.has(line.trimEnd())) return line;
      this.#refused('too_many');
      return '';
    });
  }

  /** A description of the peer was applied: adds the candidates that waited for it. */
  described(sdp: string): void {
    this.#mids = sdp
      .split(/^m=/m)
      .slice(1)
      .map((section) => /^a=mid:(.*)$/m.exec(section)?.[1]?.trim());
    const credentials = credentialsIn(sdp);
    if (this.#generation?.credentials !== credentials) {
      this.#generation = { credentials, adding: new Set(), known: new Set() };
    }
    for (const [line] of sdp.matchAll(CANDIDATE_LINE)) this.#generation.known.add(line.trimEnd());
    for (const candidate of this.#held.splice(0)) this.add(candidate);
  }

  #addTo(generation: Generation, candidate: IceCandidate): void {
    const { adding, known } = generation;
    const place = `${candidate.sdpMid ?? candidate.sdpMLineIndex ?? ''} ${candidate.candidate}`;
    if (known.has(place)) return;
    if (known.size >= MAX_REMOTE_CANDIDATES) {
      this.#refused('too_many');
      return;
    }
    known.add(place);
    // A refused candidate is no loss: it may belong to an offer that was rolled back, and others may work.
    const added = this.#rtc
      .addIceCandidate(candidate)
      .catch(() => this.#refused('invalid'))
      .finally(() => adding.delete(added));
    adding.add(added);
  }

  #end(generation: Generation): void {
    Promise.all(generation.adding)
      // The end of an older generation would be taken for that of the new one.
      .then(() => (generation === this.#generation ? this.#rtc.addIceCandidate() : undefined))
      .catch(() => this.#refused('invalid'));
  }
}

/** The ICE credentials that a description names. */
export function credentialsIn(sdp: string): string {
  return sdp.match(/^a=ice-(?:ufrag|pwd):.*$/gm)?.join() ?? '';
}

/** Both forms are in use: no candidate, and an empty one (W3C WebRTC 4.8.1.2). */
function isEnd(candidate: IceCandidate | null): candidate is null {
  return candidate === null || candidate.candidate === '';
}

/**
 * Adds the media section of a candidate if the peer gave it in a form that an engine refuses: an empty or unknown
 * `sdpMid` with a valid index (pion), or nothing although there is only one section.
 */
function withPlace(candidate: IceCandidate, mids: readonly (string | undefined)[]): IceCandidate {
  const { sdpMid, sdpMLineIndex } = candidate;
  const text = candidate.candidate.replace(/^a=/, '');
  if (sdpMid && mids.includes(sdpMid)) return { ...candidate, candidate: text };
  const isIndex = typeof sdpMLineIndex === 'number' && sdpMLineIndex in mids;
  const index = isIndex ? sdpMLineIndex : mids.length === 1 ? 0 : undefined;
  if (index === undefined) return { ...candidate, candidate: text };
  return { ...candidate, candidate: text, sdpMid: mids[index] ?? null, sdpMLineIndex: index };
}
