/** Traces of a server's pairings, for the collector of `--otlp-url`. Loaded only if that option is used. */
import type { Clock } from '../../common/clock.ts';
import { observeHost } from '../inspector/observe-host.ts';
import type { ServerOptions } from '../options.ts';
import type { ServerPairing } from '../signaling/pairing.ts';
import { Seat } from '../signaling/seat.ts';
import type { Signaling } from '../signaling/signaling.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { OtlpExporter } from './otlp-exporter.ts';
import { parseOtlpHeaders } from './otlp-headers.ts';
import { PairingTraces } from './pairing-traces.ts';
import { traceparentOf } from './trace-context.ts';

export interface TracesDeps {
  readonly options: Pick<ServerOptions, 'node' | 'otlpHeaders'>;
  readonly signaling: Signaling;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Pick<Metrics, 'traceSpans'>;
}

/** @returns a function that ends it, after sending the remaining spans if the collector accepts them */
export function startTraces(url: string, deps: TracesDeps): (signal: AbortSignal) => Promise<void> {
  const { options, signaling, clock, log, metrics } = deps;
  const resource = { 'service.name': 'pairlane', 'service.instance.id': String(options.node) };
  const headers = (options.otlpHeaders !== undefined && parseOtlpHeaders(options.otlpHeaders)) || {};
  const exporter = new OtlpExporter({ url, resource, headers }, { clock, log, counts: metrics.traceSpans });
  const traces = new PairingTraces({
    wallTime: () => clock.wallTime(),
    isHere: (pairing, side) => (pairing as ServerPairing).party(side) instanceof Seat,
    ended: (spans) => exporter.add(...spans),
  });
  const stopObserving = observeHost<ServerPairing>(signaling.pairings.host, traces.observer);
  signaling.pairings.traceparentOf = traceparentOf;
  return async (signal) => {
    stopObserving();
    await exporter.stop(signal);
  };
}
