/** Who may connect, by each limit: at the limit and one beyond. */
import { describe, expect, it } from '@jest/globals';
import { Admission, type Claims } from '../../../src/server/admission/admission.ts';
import { Origins } from '../../../src/server/admission/origins.ts';
import { type SocketRoute, serveSockets } from '../../../src/server/admission/serve-sockets.ts';
import { type LimitChange, SharedLimits } from '../../../src/server/admission/shared-limits.ts';
import { maxFrameBytes } from '../../../src/server/http/frame-limit.ts';
import { Readiness } from '../../../src/server/http/readiness.ts';
import { defaultServerOptions, type ServerOptions } from '../../../src/server/options.ts';

const [A, B] = ['203.0.113.1', '203.0.113.2'];
const everything = { maxConnections: 0, maxConnectionsPerAddress: 0, maxUpgradesPerSecond: 0 };

function setUp(options: Partial<ServerOptions>) {
  const all = { ...defaultServerOptions, ...everything, ...options };
  const clock = { now: 0 };
  const log: string[] = [];
  const refusals = { warn: (_kind: string, _address: string, message: string) => log.push(message) };
  const readiness = new Readiness();
  const admission = new Admission(all, refusals as never, () => clock.now, readiness, new Origins(all));
  const facts = (remote: string, headers: Readonly<Record<string, string>> = {}, proxied = '') => ({
    remote,
    proxied,
    headers: new Map(Object.entries(headers)),
    headerBytes: 0,
  });
  const judged = (address: string, claims?: Claims) => {
    const verdict = admission.judgeRequest(facts(address), claims);
    return 'refusal' in verdict ? verdict.refusal.kind : 'in';
  };
  const isIn = (address: string, claims?: Claims) => judged(address, claims) === 'in';
  return { admission, clock, log, readiness, facts, judged, isIn };
}

/** How often it is true, in so many tries. */
const count = (tries: number, isSo: () => boolean) =>
  Array.from({ length: tries }, isSo).filter(Boolean).length;

describe('a server that drains', () => {
  it('takes only those that come back', () => {
    const { readiness, judged } = setUp({});
    readiness.add('draining');
    expect([judged(A), judged(A, { isReturning: true })]).toEqual(['draining', 'in']);
  });
});

describe('with 2 connections in all, or of an address,', () => {
  it.each([
    [{ maxConnections: 2 }, 'connections'],
    [{ maxConnectionsPerAddress: 2 }, 'connections_per_address'],
  ] as const)('a place that waits for its client is taken by nobody else (%j)', (options, kind) => {
    const { admission, judged } = setUp(options);
    admission.opened(A);
    expect(judged(A)).toBe('in');
    admission.waits(A);
    expect([judged(A), judged(A, { hasPlace: true })]).toEqual([kind, 'in']);
    expect([admission.isOver(A), admission.isAwaited(A), admission.isAwaited(B)]).toEqual([
      false,
      true,
      false,
    ]);
    admission.opened(A);
    // Its place was kept, and it has not taken it yet.
    expect([admission.isOver(A), judged(A, { hasPlace: true })]).toEqual([true, kind]);
    admission.waitsNoLonger(A);
    expect([admission.isOver(A), admission.isAwaited(A), judged(A)]).toEqual([false, false, kind]);
    admission.closed(A);
    expect(judged(A)).toBe('in');
  });

  it('a server is full with the second, not while one only waits', () => {
    const { admission } = setUp({ maxConnections: 2 });
    admission.opened(A);
    admission.waits(A);
    expect(admission.isFull).toBe(false);
    admission.opened(B);
    expect(admission.isFull).toBe(true);
  });

  it('another address has places of its own', () => {
    const { admission, judged } = setUp({ maxConnectionsPerAddress: 1 });
    admission.opened(A);
    expect([judged(A), judged(B), admission.isOver(B)]).toEqual(['connections_per_address', 'in', false]);
  });

  it('and without limits nobody is too many', () => {
    const { admission, judged } = setUp({});
    admission.opened(A);
    admission.waits(A);
    expect([admission.isFull, admission.isOver(A), judged(A)]).toEqual([false, false, 'in']);
  });

  it('a single one is as many as there may be', () => {
    for (const options of [{ maxConnections: 1 }, { maxConnectionsPerAddress: 1 }]) {
      const { admission, isIn } = setUp(options);
      expect([isIn(A), admission.isFull]).toEqual([true, false]);
      admission.opened(A);
      expect([isIn(A), admission.isOver(A)]).toEqual([false, false]);
      expect(admission.isFull).toBe(options.maxConnections === 1);
      admission.waits(A);
      expect(admission.isOver(A)).toBe(true);
    }
  });
});

describe('upgrades of one address', () => {
  it('are ten seconds of its rate at once, then one as the rate says; each that is refused counts for nobody else', () => {
    const { clock, isIn } = setUp({ maxUpgradesPerSecond: 1 });
    expect([count(20, () => isIn(A)), count(20, () => isIn(B))]).toEqual([10, 10]);
    clock.now = 999;
    expect(isIn(A)).toBe(false);
    clock.now = 1_000;
    expect([isIn(A), isIn(A)]).toEqual([true, false]);
  });
});

describe('TCP connections that ask nothing', () => {
  it.each([
    ['a tenth of --max-http-connections', 1_000, 100],
    ['64 at least', 100, 64],
  ])('are %s of one address at once, and as many in ten seconds', (_name, maxHttpConnections, share) => {
    const { admission, clock } = setUp({ maxHttpConnections });
    expect(count(share + 5, () => admission.tcpOpened(A))).toBe(share);
    expect(admission.tcpOpened(B)).toBe(true);
    admission.tcpAsked(A);
    expect(count(2, () => admission.tcpOpened(A))).toBe(1);
    clock.now = 10_000;
    expect(count(share + 5, () => admission.tcpOpened(A))).toBe(share);
  });

  it('are any number without a limit, of a trusted proxy, and through a Unix socket', () => {
    const { admission } = setUp({ maxHttpConnections: 0 });
    expect(count(500, () => admission.tcpOpened(A))).toBe(500);
    const limited = setUp({ maxHttpConnections: 100, trustProxy: [B] }).admission;
    for (const address of [B, '']) expect(count(500, () => limited.tcpOpened(address))).toBe(500);
    expect(count(500, () => limited.tcpOpened(A))).toBe(64);
  });
});

describe('the address of a client', () => {
  it('is the one of the PROXY protocol only with --proxy-protocol', () => {
    for (const [proxyProtocol, address] of [
      [true, B],
      [false, '10.0.0.1'],
    ] as const) {
      const { admission, facts } = setUp({ proxyProtocol, trustProxy: ['10.0.0.1'] });
      expect(admission.addressOf(facts('10.0.0.1', {}, B))).toBe(address);
    }
  });
});

describe('a page that may not connect', () => {
  it('has 200 characters of its origin, or of its host, in the log', () => {
    const { admission, facts, log } = setUp({});
    const [long, cut] = ['x'.repeat(300), 'x'.repeat(200)];
    admission.judgeRequest(facts(A, { origin: `https://${long}` }));
    admission.judgeRequest(facts(A, { origin: `https://${long}`, host: long }));
    expect(log[0]).toContain(`--allow-origin "https://${cut.slice('https://'.length)}" allows`);
    expect(log[1]).toContain(`--public-host "${cut}", under which`);
  });
});

describe('processes of one server', () => {
  const shared = (admission: Admission) => {
    const told: LimitChange[][] = [];
    const limits = new SharedLimits(
      (changes) => told.push([...changes]),
      () => 0,
    );
    admission.shareLimits(limits);
    return { told, limits, turn: () => new Promise((resolve) => setImmediate(resolve)) };
  };

  it('tell each other once a turn what an address has here, and count what it has there', async () => {
    const options = { maxConnectionsPerAddress: 2, maxUpgradesPerSecond: 1 };
    const [here, there] = [setUp(options), setUp(options)];
    const { told, turn } = shared(here.admission);
    here.admission.opened(A);
    here.admission.waits(A);
    for (let n = 0; n < 3; n += 1) here.admission.judgeRequest(here.facts(A));
    await turn();
    expect(told).toEqual([
      [
        ['connections', A, 1],
        ['waiting', A, 1],
        ['upgrades', A, 3],
      ],
    ]);
    shared(there.admission).limits.changedElsewhere(told[0] ?? []);
    expect([there.judged(A), there.judged(A, { hasPlace: true }), there.judged(B)]).toEqual([
      'connections_per_address',
      'in',
      'in',
    ]);
    expect(count(10, () => there.isIn(A, { hasPlace: true }))).toBe(5);
  });

  it('tell nothing where what began has ended in the same turn', async () => {
    const { admission } = setUp({});
    const { told, turn } = shared(admission);
    admission.opened(A);
    admission.closed(A);
    await turn();
    expect(told).toEqual([]);
  });
});

it('what the shell itself keeps for a socket is more than --max-unsent-bytes, unless the route publishes', () => {
  const limitOf = (maxUnsentBytes: number, route: object) => {
    let limit: number | undefined;
    const app = {
      ws: (_path: string, { maxBackpressure }: { maxBackpressure: number }) => {
        limit = maxBackpressure;
      },
    };
    const options = { ...defaultServerOptions, maxUnsentBytes };
    serveSockets(app as never, '/', { options, telemetry: {} } as never, route as SocketRoute<never>);
    return limit ?? -1;
  };
  const frame = maxFrameBytes(defaultServerOptions.maxMessageBytes);
  expect(limitOf(65_536, {})).toBeGreaterThan(65_536 + frame);
  expect(limitOf(65_536, { dropped: () => {} })).toBe(65_536);
  // No limit.
  expect(limitOf(0, {})).toBe(0);
});
