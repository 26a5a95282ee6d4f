/** When a client reports on its connection to the server that asked for it: by a clock and statistics of the test's. */
import { describe, expect, it } from '@jest/globals';
import { EvidenceReporter } from '../../../src/client/negotiation/evidence-reporter.ts';
import { FlowReporter } from '../../../src/client/negotiation/flow-reporter.ts';
import type { Evidence, Flow } from '../../../src/protocol/inspect/evidence.ts';
import { ManualClock } from '../../../src/testing/manual-clock.ts';
import { settled } from '../../support/peers/played-peer.ts';

const FLOW: Flow = { buffered: 0, sent: 1, answered: 1 };

function flowing(read: () => Promise<Flow | undefined> = async () => FLOW) {
  const clock = new ManualClock();
  const sent: Flow[] = [];
  const reporter = new FlowReporter({ clock, read, send: (flow) => sent.push(flow) });
  /** How many reports come in that time. */
  const sentIn = async (ms: number) => {
    sent.length = 0;
    clock.advance(ms);
    await settled();
    return sent.length;
  };
  return { clock, reporter, sent, sentIn };
}

describe('reports on an open connection', () => {
  it('come at once and then every 5 s, until the time is over that the server asked for', async () => {
    const { reporter, sent, sentIn } = flowing();
    expect(reporter.ask(15)).toBe(true);
    await settled();
    expect(sent).toEqual([FLOW]);
    expect([await sentIn(4_999), await sentIn(1), await sentIn(5_000)]).toEqual([0, 1, 1]);
    expect(await sentIn(60_000)).toBe(0);
    expect(reporter.ask(5)).toBe(true);
  });

  it('go on, no more often, when the server asks again meanwhile', async () => {
    const { reporter, sentIn } = flowing();
    reporter.ask(10);
    expect(await sentIn(5_000)).toBe(2);
    expect(reporter.ask(10)).toBe(false);
    expect([await sentIn(5_000), await sentIn(5_000), await sentIn(5_000)]).toEqual([1, 0, 0]);
  });

  it('do not come when there are no statistics, or the connection is closed before it has them', async () => {
    const none = flowing(async () => undefined);
    none.reporter.ask(10);
    expect(await none.sentIn(5_000)).toBe(0);
    const failing = flowing(async () => {
      throw new Error('closed');
    });
    failing.reporter.ask(10);
    expect(await failing.sentIn(5_000)).toBe(0);
    const closed = flowing();
    closed.reporter.ask(10);
    closed.reporter.stop();
    expect(await closed.sentIn(5_000)).toBe(0);
  });
});

describe('evidence of how a connection comes up', () => {
  const checking = (sent: number): Evidence => ({
    ice: 'checking',
    pairs: [
      { local: 'host', remote: 'host', protocol: 'udp', state: 'in-progress', pairs: 1, sent, answered: 0 },
    ],
  });
  const up: Evidence = {
    ice: 'connected',
    dtls: 'connected',
    pairs: (checking(1).pairs ?? []).map((pair) => ({ ...pair, selected: true })),
  };

  function gathering(read: () => Promise<Evidence | undefined>) {
    const clock = new ManualClock();
    const sent: Evidence[] = [];
    let reads = 0;
    const counted = () => {
      reads += 1;
      return read();
    };
    const reporter = new EvidenceReporter({ clock, read: counted, send: (evidence) => sent.push(evidence) });
    const tick = async (times = 1) => {
      for (let n = 0; n < times; n += 1) {
        clock.advance(200);
        await settled();
      }
    };
    return { clock, reporter, sent, tick, reads: () => reads };
  }

  it('is looked for every 200 ms, and told when it has changed', async () => {
    let attempts = 1;
    const { clock, sent, tick, reads } = gathering(async () => checking(attempts));
    clock.advance(199);
    expect(reads()).toBe(0);
    clock.advance(1);
    await settled();
    await tick();
    expect([reads(), sent]).toEqual([2, [checking(1)]]);
    attempts = 2;
    await tick();
    expect(sent).toEqual([checking(1), checking(2)]);
  });

  it.each([
    ['', {}, 1],
    [', if its DTLS is', { dtls: 'connecting' }, 3],
    [', if its SCTP is', { sctp: 'connecting' }, 3],
    [', if one of its pairs is selected', { pairs: checking(1).pairs ?? [] }, 3],
  ] as const)('ends when the connection is up%s', async (_if, unlike, reads) => {
    const test = gathering(async () => ({ ...up, ...unlike }));
    await test.tick(3);
    expect([test.reads(), test.sent]).toEqual([reads, [{ ...up, ...unlike }]]);
  });

  it('ends after 120 reports', async () => {
    let attempts = 0;
    const { sent, tick, reads } = gathering(async () => {
      attempts += 1;
      return checking(attempts);
    });
    await tick(130);
    expect([sent.length, reads()]).toEqual([120, 120]);
  });

  it('is not looked for twice at the same time, nor told after the end', async () => {
    let found = (_evidence: Evidence): void => {};
    const { reporter, sent, tick, reads } = gathering(
      () =>
        new Promise((resolve) => {
          found = resolve;
        }),
    );
    await tick(3);
    expect(reads()).toBe(1);
    found(checking(1));
    await settled();
    await tick();
    expect([reads(), sent.length]).toEqual([2, 1]);
    reporter.stop();
    found(checking(2));
    await settled();
    await tick();
    expect([reads(), sent.length]).toEqual([2, 1]);
  });

  it('is looked for again when there was none, or it could not be read', async () => {
    const answers = [
      () => Promise.reject(new Error('closed')),
      async () => undefined,
      async () => checking(1),
    ];
    const { sent, tick } = gathering(() => (answers.shift() ?? (async () => undefined))());
    await tick(4);
    expect(sent).toEqual([checking(1)]);
  });
});
