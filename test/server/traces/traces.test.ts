/** Traces of pairings, at a collector that takes OTLP over HTTP in JSON. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { serverOptionProblems } from '../../../src/server/check-server-options.ts';
import { sdp } from '../../support/clients/signal-fixtures.ts';
import { startTestCluster } from '../../support/servers/test-cluster.ts';
import { pairUp, startTestServer, type TestServer } from '../../support/servers/test-server.ts';
import { until } from '../../support/until.ts';

interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, string>> }[];
  readonly events: readonly { readonly name: string }[];
  readonly node: string | undefined;
}

class Collector {
  readonly spans: OtlpSpan[] = [];
  /** What it answers; the rest is 200. */
  readonly statuses: number[] = [];
  /** Of the last request. */
  headers: IncomingHttpHeaders = {};
  requests = 0;
  /** Whether it answers. */
  isMute = false;
  readonly #server: Server;

  constructor() {
    this.#server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      const isRight =
        request.method === 'POST' &&
        request.url === '/v1/traces' &&
        request.headers['content-type'] === 'application/json';
      const status = isRight ? (this.statuses.shift() ?? 200) : 404;
      if (status === 200) this.#take(JSON.parse(Buffer.concat(chunks).toString()));
      if (!this.isMute) response.writeHead(status, { 'content-type': 'application/json' }).end('{}');
      this.headers = request.headers;
      this.requests += 1;
    });
  }

  async start(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  // biome-ignore lint/suspicious/noExplicitAny: what it is, the expectations say.
  #take(request: any): void {
    for (const { resource, scopeSpans } of request.resourceSpans) {
      const attributes = attributesOf(resource.attributes);
      expect(attributes['service.name']).toBe('pairlane');
      for (const { spans } of scopeSpans)
        for (const span of spans) this.spans.push({ ...span, node: attributes['service.instance.id'] });
    }
  }
}

function attributesOf(list: OtlpSpan['attributes']): Record<string, string | undefined> {
  return Object.fromEntries(list.map(({ key, value }) => [key, value.stringValue ?? value.intValue]));
}

const collectors: Collector[] = [];
afterEach(() => {
  for (const collector of collectors.splice(0)) collector.stop();
});

async function startCollector(): Promise<{ collector: Collector; otlpUrl: string }> {
  const collector = new Collector();
  collectors.push(collector);
  return { collector, otlpUrl: await collector.start() };
}

/** Two clients pair, negotiate, connect, and part. @returns what each was told of the trace */
async function wholePairing(
  one: TestServer,
  other = one,
  traceparent?: string,
): Promise<{ ids: string[]; traceparents: unknown[]; epoch: number }> {
  const [a, b] = [await one.connect(), await other.connect()];
  a.send({ type: 'pair_request', target_id: b.id, ...(traceparent && { traceparent }) });
  const told = await Promise.all([a.next('paired'), b.next('paired')]);
  a.send({ type: 'offer', sdp });
  await b.next('offer');
  b.send({ type: 'answer', sdp });
  await a.next('answer');
  for (const client of [a, b]) {
    client.send({ type: 'report', state: 'connected' });
    await client.settled();
  }
  a.send({ type: 'unpair' });
  await b.next('peer_disconnected');
  await a.settled();
  return {
    ids: [a.id, b.id],
    traceparents: told.map(({ traceparent }) => traceparent),
    epoch: Number(told[0]?.epoch),
  };
}

describe('--otlp-url', () => {
  it('makes a trace of a pairing: its states and both clients are spans of one whole, which the clients are told of', async () => {
    const { collector, otlpUrl } = await startCollector();
    const test = await startTestServer({ otlpUrl, node: 5 });
    const { ids, traceparents, epoch } = await wholePairing(test);
    await test.server.stop();
    const root = collector.spans.find(({ parentSpanId }) => parentSpanId === undefined) as OtlpSpan;
    expect(traceparents).toEqual(Array(2).fill(`00-${root.traceId}-${root.spanId}-01`));
    expect(root).toMatchObject({ name: 'pairing', node: '5' });
    expect(attributesOf(root.attributes)).toEqual({
      'pairlane.pairing.epoch': String(epoch),
      'pairlane.pairing.end': 'unpaired',
      'pairlane.initiator.id': ids[0],
      'pairlane.responder.id': ids[1],
    });
    const parts = collector.spans.filter((span) => span !== root);
    for (const { traceId, parentSpanId } of parts)
      expect([traceId, parentSpanId]).toEqual([root.traceId, root.spanId]);
    expect(parts.map(({ name }) => name)).toEqual([
      'forming',
      'paired',
      'negotiating.offered',
      'negotiating.answered',
      'connected',
      'initiator',
      'responder',
    ]);
    expect(new Set(collector.spans.map(({ spanId }) => spanId)).size).toBe(8);
    // One state after the other, within the whole.
    const times = parts.slice(0, 5).flatMap((span) => [span.startTimeUnixNano, span.endTimeUnixNano]);
    expect(times.map(BigInt)).toEqual(times.map(BigInt).sort((x, y) => Number(x - y)));
    const events = (name: string) =>
      parts.find((span) => span.name === name)?.events.map((event) => event.name);
    expect(events('initiator')).toEqual(['FORMED', 'OFFER_RECEIVED', 'REPORT_RECEIVED', 'UNPAIR_RECEIVED']);
    expect(events('responder')).toEqual(['ANSWER_RECEIVED', 'REPORT_RECEIVED']);
    const text = JSON.stringify(collector.spans);
    for (const secret of ['v=0', '127.0.0.1', 'ufrag']) expect(text).not.toContain(secret);
  });

  it('puts the parts of both nodes into one trace, each client told of by its own node, and the whole once', async () => {
    const { collector, otlpUrl } = await startCollector();
    const { nodes } = await startTestCluster(2, { otlpUrl });
    const [one, two] = nodes as [TestServer, TestServer];
    const { traceparents } = await wholePairing(one, two);
    for (const { server } of nodes) await server.stop();
    expect(new Set(traceparents).size).toBe(1);
    expect(new Set(collector.spans.map(({ traceId }) => traceId)).size).toBe(1);
    const nodesOf = (name: string) =>
      collector.spans
        .filter((span) => span.name === name)
        .map(({ node }) => node)
        .sort();
    expect(['pairing', 'initiator', 'responder', 'connected'].map(nodesOf)).toEqual([
      ['1'],
      ['1'],
      ['2'],
      ['1', '2'],
    ]);
  });

  it.each([1, 2])(
    'makes it a part of the trace that the initiator brings along (%i nodes)',
    async (count) => {
      const { collector, otlpUrl } = await startCollector();
      const { nodes } = await startTestCluster(count, { otlpUrl });
      const [traceId, spanId] = ['a'.repeat(32), 'b'.repeat(16)];
      const { traceparents } = await wholePairing(
        nodes[0] as TestServer,
        nodes.at(-1),
        `00-${traceId}-${spanId}-01`,
      );
      for (const { server } of nodes) await server.stop();
      const root = collector.spans.find(({ name }) => name === 'pairing') as OtlpSpan;
      expect(root).toMatchObject({ traceId, parentSpanId: spanId });
      expect(traceparents).toEqual(Array(2).fill(`00-${traceId}-${root.spanId}-01`));
      for (const span of collector.spans.filter((one) => one !== root))
        expect(span).toMatchObject({ traceId, parentSpanId: root.spanId });
    },
  );

  it.each([
    `00-${'0'.repeat(32)}-${'b'.repeat(16)}-01`,
    'my own words',
    `01-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
  ])('takes no %s for a trace', async (traceparent) => {
    const { otlpUrl } = await startCollector();
    const test = await startTestServer({ otlpUrl });
    const a = await test.connect();
    a.send({ type: 'pair_request', target_id: 'b', traceparent });
    expect(await a.next('error')).toMatchObject({ code: 'invalid_message' });
  });

  it('sends the headers of --otlp-headers along, which stand in no log', async () => {
    const { collector, otlpUrl } = await startCollector();
    collector.statuses.push(401);
    const test = await startTestServer({
      otlpUrl,
      otlpHeaders: 'authorization=Basic%20b2Y6bWU=,x-tenant=one',
    });
    await wholePairing(test);
    await test.server.stop();
    expect(collector.headers).toMatchObject({ authorization: 'Basic b2Y6bWU=', 'x-tenant': 'one' });
    expect(JSON.stringify(test.log)).not.toContain('b2Y6bWU');
  });

  it.each(['authorization', 'a b=c', 'a=%zz', 'a=b%0d%0ac', 'content-type=text/plain'])(
    'refuses the headers %s',
    (otlpHeaders) => {
      expect(serverOptionProblems({ otlpUrl: 'http://localhost:4318', otlpHeaders })).toEqual([
        '--otlp-headers: should be like authorization=Bearer%20TOKEN,x-tenant=NAME, values percent-encoded',
      ]);
    },
  );

  it('sends again what the collector does not take for now, drops what it calls wrong, and says so once', async () => {
    const { collector, otlpUrl } = await startCollector();
    collector.statuses.push(503, 200, 400);
    const test = await startTestServer({ otlpUrl });
    const { traceSpans } = test.server.parts.metrics;
    const isLogged = (name: string) => test.log.some(({ event }) => event === name);
    // Until it is in the log; what follows that, has followed a turn later.
    const sends = async (fact: () => boolean, what: string) => {
      test.clock.advance(2_000);
      await until(fact, what);
      await new Promise((resolve) => setImmediate(resolve));
    };
    await wholePairing(test);
    await sends(() => isLogged('traces_failed'), 'the failure');
    expect(Object.fromEntries(traceSpans)).toEqual({});
    await sends(() => isLogged('traces_recovered'), 'the recovery');
    expect(Object.fromEntries(traceSpans)).toEqual({ sent: 8 });
    await wholePairing(test);
    await sends(() => traceSpans.get('lost') !== undefined, 'the loss');
    expect(Object.fromEntries(traceSpans)).toEqual({ sent: 8, lost: 8 });
    const told = test.log.filter(({ event }) => String(event).startsWith('traces_'));
    expect(told.map(({ event }) => event)).toEqual(['traces_failed', 'traces_recovered', 'traces_failed']);
    expect(JSON.stringify(told)).not.toContain('127.0.0.1');
  });

  it('does not hold up a server whose stop is cut short, with a collector that does not answer', async () => {
    const { collector, otlpUrl } = await startCollector();
    collector.isMute = true;
    const test = await startTestServer({ otlpUrl });
    await wholePairing(test);
    const abort = new AbortController();
    let isStopped = false;
    const stopping = test.server.stop({ signal: abort.signal }).then(() => {
      isStopped = true;
    });
    await until(() => collector.requests === 1, 'the request');
    expect(isStopped).toBe(false);
    abort.abort();
    await stopping;
    expect(Object.fromEntries(test.server.parts.metrics.traceSpans)).toEqual({ lost: 8 });
  });

  it('tells clients of no trace, and loads nothing, where it is not asked for', async () => {
    const test = await startTestServer();
    const { traceparents } = await wholePairing(test);
    expect(traceparents).toEqual([undefined, undefined]);
    const [a, b] = await test.connectPair();
    expect(a.id).not.toBe(b.id);
    await pairUp(await test.connect(), await test.connect());
  });

  it.each(['localhost:4318', 'ftp://host/', 'http://user:secret@host/'])('refuses %s', (otlpUrl) => {
    expect(serverOptionProblems({ otlpUrl })).toEqual([
      '--otlp-url: should be an http:// or https:// URL, like http://localhost:4318, without a password',
    ]);
  });
});
