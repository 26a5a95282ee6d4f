/** The exporter, at a collector that accepts a request and never answers it. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from '@jest/globals';
import { createLogger } from '../../../src/server/telemetry/logger.ts';
import { Counts } from '../../../src/server/telemetry/metrics.ts';
import { OtlpExporter } from '../../../src/server/traces/otlp-exporter.ts';
import { ManualClock } from '../../../src/testing/manual-clock.ts';

it('ends 2 s after it was told to, though the collector hangs, and counts what is lost', async () => {
  let asked = () => {};
  const collector = createServer(() => asked());
  collector.listen(0, '127.0.0.1');
  await once(collector, 'listening');
  const { port } = collector.address() as AddressInfo;
  const [clock, counts] = [new ManualClock(), new Counts()];
  const options = { url: `http://127.0.0.1:${port}`, headers: {}, resource: {} };
  const exporter = new OtlpExporter(options, { clock, log: createLogger('silent', 'json'), counts });
  const span = { traceId: '1', spanId: '2', name: 'pairing', start: 1, end: 2, attributes: {} };
  exporter.add(...Array(1_000).fill(span));
  const isAsked = new Promise<void>((resolve) => {
    asked = resolve;
  });
  clock.advance(2_000);
  await isAsked;
  let isOver = false;
  const stopped = exporter.stop(new AbortController().signal).then(() => {
    isOver = true;
  });
  clock.advance(1_999);
  await new Promise(setImmediate);
  expect(isOver).toBe(false);
  clock.advance(1);
  await stopped;
  expect([...counts]).toEqual([['lost', 1_000]]);
  expect(clock.nextAt).toBe(Number.POSITIVE_INFINITY);
  collector.closeAllConnections();
  collector.close();
});
