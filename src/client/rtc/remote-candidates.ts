/**
 * The peer's candidates: kept until a description of the peer is applied, then added side by side, so that a slow one
 * (a name that is being resolved) holds up neither the others nor a description. Only their end waits for all of them.
 */
import type { CandidateRefusal } from '../../machines/index.ts';
import type { IceCandidate, PeerConnection } from './types.ts';

/** Neither a peer that never describes itself nor one that never stops may fill our memory, or have us knock anywhere. */
export const MAX_REMOTE_CANDIDATES = 256;

const CANDIDATE_LINE = /^a=candidate:.*(?:\r?\n|$)/gm;

/** The candidates of one pair of ICE credentials. */
interface Generation {
  readonly credentials: string;
  readonly adding: Set<Promise<void>>;
  /** Those that were added, with their places, and the lines of those that were in descriptions. */
  readonly known: Set<string>;
}

export class RemoteCandidates {
  readonly #rtc: Pick<PeerConnection, 'addIceCandidate'>;
  readonly #refused: (refusal: CandidateRefusal) => void;
  /** What came before the description that it belongs to. */
  #held: (IceCandidate | null)[] = [];
  /** What belongs to the ICE credentials that are in use; undefined until the peer has described itself. */
  #generation: Generation | undefined;
  /** The `a=mid` of each media section; undefined for one that has none. */
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

  /** Adds a candidate, or keeps it if the peer has not described itself yet. */
  add(candidate: IceCandidate | null): void {
    const generation = this.#generation;
    if (!generation) this.hold(candidate);
    else if (isEnd(candidate)) this.#end(generation);
    else this.#addTo(generation, withPlace(candidate, this.#mids));
  }

  /** A description of the peer, to be applied, without those of its candidates that are too many. */
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

  /** A description of the peer was applied: candidates that waited for it are added. */
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
    // One that is refused is no loss: it may belong to an offer that was rolled back, and others may work.
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

function credentialsIn(sdp: string): string {
  return sdp.match(/^a=ice-(?:ufrag|pwd):.*$/gm)?.join() ?? '';
}

/** Both forms are in use: no candidate, and an empty one (W3C WebRTC 4.8.1.2). */
function isEnd(candidate: IceCandidate | null): candidate is null {
  return candidate === null || candidate.candidate === '';
}

/**
 * Says which media section a candidate belongs to, where the peer did so in a way that an engine refuses: with an empty
 * or unknown `sdpMid` beside a good index (pion), or not at all where there is only one section.
 */
function withPlace(candidate: IceCandidate, mids: readonly (string | undefined)[]): IceCandidate {
  const { sdpMid, sdpMLineIndex } = candidate;
  const text = candidate.candidate.replace(/^a=/, '');
  if (typeof sdpMid === 'string' && sdpMid !== '' && mids.includes(sdpMid)) {
    return { ...candidate, candidate: text };
  }
  const isIndex = typeof sdpMLineIndex === 'number' && sdpMLineIndex in mids;
  const index = isIndex ? sdpMLineIndex : mids.length === 1 ? 0 : undefined;
  if (index === undefined) return { ...candidate, candidate: text };
  return { ...candidate, candidate: text, sdpMid: mids[index] ?? null, sdpMLineIndex: index };
}
