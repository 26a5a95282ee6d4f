/** The course of an open connection as reported by both ends: series for small charts. */
import { isEvidence, type PairingRecord } from '../../protocol/index.ts';

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
  const before = new Map<Side, { sent: number; answered: number }>();
  for (const line of lines) {
    const flow = isEvidence(line) ? line.evidence.flow : undefined;
    if (!flow || !isEvidence(line)) continue;
    const { side, t } = line;
    const { sent = 0, answered = 0 } = before.get(side) ?? {};
    before.set(side, flow);
    const points = flows.get(side) ?? [];
    flows.set(side, points);
    const [asked, got] = [flow.sent - sent, flow.answered - answered];
    // The latest check has no answer yet; the first point includes what came before the connection was open.
    const lost = points.length === 0 || asked <= 0 ? 0 : Math.max(0, asked - got - 1);
    points.push({
      t,
      rtt_ms: flow.rtt_ms,
      loss: Math.round((lost / Math.max(asked, 1)) * 100),
      buffered: flow.buffered,
    });
  }
  return flows;
}
