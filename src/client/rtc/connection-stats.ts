/** A connection's statistics for people and programs: its path, speed and volume. They contain no address. */
import type { StatsReport } from './evidence.ts';

export interface ConnectionStats {
  /** `relay`: through a TURN server of either side, `direct`: without one; undefined: no path is selected yet. */
  readonly path: 'direct' | 'relay' | undefined;
  readonly protocol: 'udp' | 'tcp' | undefined;
  /** Round-trip time between the two peers, in milliseconds; undefined before it was first measured. */
  readonly rttMs: number | undefined;
  readonly bytesSent: number;
  readonly bytesReceived: number;
}

type Stats = Readonly<Record<string, unknown>>;

export function statsOf(report: StatsReport): ConnectionStats {
  const byId = new Map<unknown, Stats>();
  report.forEach((stats) => {
    if (typeof stats === 'object' && stats !== null) byId.set((stats as Stats).id, stats as Stats);
  });
  const transport = [...byId.values()].find(({ type }) => type === 'transport');
  const selected = byId.get(transport?.selectedCandidatePairId) ?? markedPair([...byId.values()]);
  const ends = [selected?.localCandidateId, selected?.remoteCandidateId].map((id) => byId.get(id));
  const rtt = selected?.currentRoundTripTime;
  const protocol = ends[0]?.protocol;
  return {
    path: selected && (ends.some((end) => end?.candidateType === 'relay') ? 'relay' : 'direct'),
    protocol: protocol === 'udp' || protocol === 'tcp' ? protocol : undefined,
    rttMs: typeof rtt === 'number' && rtt > 0 ? rtt * 1_000 : undefined,
    bytesSent: bytesOf(selected?.bytesSent),
    // What comes in by another pair than we send by, werift counts for the channels only: without what is around it.
    bytesReceived: Math.max(bytesOf(selected?.bytesReceived), receivedByChannels([...byId.values()])),
  };
}

/** Firefox has no transport statistics, and marks the pair itself. */
function markedPair(all: readonly Stats[]): Stats | undefined {
  return all.find(({ type, selected }) => type === 'candidate-pair' && selected === true);
}

function receivedByChannels(all: readonly Stats[]): number {
  const channels = all.filter(({ type }) => type === 'data-channel');
  return channels.reduce((sum, { bytesReceived }) => sum + bytesOf(bytesReceived), 0);
}

function bytesOf(value: unknown): number {
  return Number.isFinite(value) ? Math.max(value as number, 0) : 0;
}

/** `direct by UDP, 1.4 ms`: for a line on a terminal or a page. */
export function describeStats({ path, protocol, rttMs }: ConnectionStats): string {
  if (path === undefined) return 'no way yet';
  const way = path === 'relay' ? 'through a relay (TURN)' : 'direct';
  return [
    `${way}${protocol ? ` by ${protocol.toUpperCase()}` : ''}`,
    ...(rttMs === undefined ? [] : [`${rttMs < 10 ? rttMs.toFixed(1) : Math.round(rttMs)} ms`]),
  ].join(', ');
}
