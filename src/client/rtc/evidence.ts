/**
 * A connection's statistics as evidence: the kinds of its candidates and the progress of their checks, without
 * addresses.
 */
import type { Evidence, EvidencePair, Flow } from '../../protocol/inspect/evidence.ts';
import {
  candidateKinds,
  dtlsStates,
  iceStates,
  MAX_EVIDENCE_PAIRS,
  pairStates,
  sctpStates,
  transportProtocols,
} from '../../protocol/inspect/evidence-values.ts';

/** RTCStatsReport, as far as it is used. */
export interface StatsReport {
  forEach(take: (stats: unknown) => void): void;
}

type Stats = Readonly<Record<string, unknown>>;
/** What we tell has all counts; what other clients tell need not. */
type FullPair = EvidencePair & { readonly received: number };

/** @param sctpState the state of the data channels' transport, which has no statistics */
export function evidenceOf(report: StatsReport, sctpState: unknown): Evidence {
  const byId = new Map<unknown, Stats>();
  report.forEach((stats) => {
    if (typeof stats === 'object' && stats !== null) byId.set((stats as Stats).id, stats as Stats);
  });
  const all = [...byId.values()];
  const transport = all.find(({ type }) => type === 'transport');
  const selected = byId.get(transport?.selectedCandidatePairId);
  const found = new Map<string, FullPair>();
  for (const stats of all) {
    if (stats.type !== 'candidate-pair') continue;
    const pair = pairOf(stats, byId, stats === selected);
    if (!pair) continue;
    const key = `${pair.local} ${pair.remote} ${pair.protocol}`;
    const known = found.get(key);
    found.set(key, known ? together(known, pair) : pair);
  }
  const iceState = oneOf(iceStates, transport?.iceState);
  const dtlsState = oneOf(dtlsStates, transport?.dtlsState);
  const sctpIs = oneOf(sctpStates, sctpState);
  return {
    ...(iceState && { ice: iceState }),
    ...(dtlsState && { dtls: dtlsState }),
    ...(sctpIs && { sctp: sctpIs }),
    pairs: [...found.values()].slice(0, MAX_EVIDENCE_PAIRS),
  };
}

/** @param buffered bytes that wait in the data channels */
export function flowOf(report: StatsReport, buffered: number): Flow {
  const { pairs = [] } = evidenceOf(report, undefined);
  const rtt_ms = pairs.find(({ selected }) => selected)?.rtt_ms;
  const sum = (field: 'sent' | 'answered') => countOf(pairs.reduce((all, pair) => all + pair[field], 0));
  return { ...(rtt_ms !== undefined && { rtt_ms }), buffered, sent: sum('sent'), answered: sum('answered') };
}

function pairOf(stats: Stats, byId: ReadonlyMap<unknown, Stats>, isSelected: boolean): FullPair | undefined {
  const one = byId.get(stats.localCandidateId);
  const other = byId.get(stats.remoteCandidateId);
  const kinds = [one, other].map((candidate) => oneOf(candidateKinds, candidate?.candidateType));
  const is = oneOf(pairStates, stats.state);
  const [mine, theirs] = kinds;
  if (!mine || !theirs || !is) return undefined;
  const rtt = stats.currentRoundTripTime;
  return {
    local: mine,
    remote: theirs,
    protocol: oneOf(transportProtocols, one?.protocol) ?? 'udp',
    state: is,
    pairs: 1,
    sent: countOf(stats.requestsSent),
    answered: countOf(stats.responsesReceived),
    received: countOf(stats.requestsReceived),
    // Firefox has no transport statistics.
    ...((isSelected || stats.selected === true) && { selected: true }),
    ...(typeof rtt === 'number' && rtt > 0 && { rtt_ms: countOf(rtt * 1_000) }),
  };
}

/** Combines two pairs; the state is the more advanced one. */
function together(one: FullPair, other: FullPair): FullPair {
  const first = Math.min(...[one, other].map(({ state }) => pairStates.indexOf(state)));
  return {
    ...one,
    ...other,
    ...(one.selected && { selected: true, ...(one.rtt_ms !== undefined && { rtt_ms: one.rtt_ms }) }),
    state: pairStates[first] ?? one.state,
    pairs: one.pairs + other.pairs,
    sent: one.sent + other.sent,
    answered: one.answered + other.answered,
    received: one.received + other.received,
  };
}

function oneOf<Value extends string>(known: readonly Value[], value: unknown): Value | undefined {
  return known.find((each) => each === value);
}

function countOf(value: unknown): number {
  return Number.isFinite(value) ? Math.min(Math.max(Math.round(value as number), 0), 1_000_000) : 0;
}
