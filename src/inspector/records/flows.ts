/** The course of an open connection as reported by both ends: series for small charts. */
import { type Flow, isEvidence, type PairingRecord } from '../../protocol/index.ts';

type Side = 'initiator' | 'responder';

export interface FlowPoint {
  readonly t: number;
  readonly rtt_ms: number | undefined;
  /** The percentage of checks since the previous point that were not answered. */
  readonly loss: number;
  readonly buffered: number;
}

export function flowsIn({ lines }: PairingRecord): ReadonlyMap<Side, readonly FlowPoint[]> {
  const flows = new Map<Side, FlowPoint[]>();
  const latest = new Map<Side, Flow>();
  for (const line of lines) {
    const flow = isEvidence(line) ? line.evidence.flow : undefined;
    if (!flow || !isEvidence(line)) continue;
    const { side, t } = line;
    const { rtt_ms, buffered } = flow;
    const before = latest.get(side);
    latest.set(side, flow);
    // The first point includes what came before the connection was open.
    const loss = before ? lossBetween(before, flow) : 0;
    const points = flows.get(side) ?? [];
    flows.set(side, points);
    points.push({ t, rtt_ms, loss, buffered });
  }
  return flows;
}

function lossBetween(before: Flow, after: Flow): number {
  const asked = after.sent - before.sent;
  if (asked <= 0) return 0;
  // The latest check has no answer yet.
  const lost = asked - (after.answered - before.answered) - 1;
  return Math.round((Math.max(0, lost) / asked) * 100);
}
