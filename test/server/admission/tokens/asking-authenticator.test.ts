/** Who is asked who a client is, how often, and what is kept of the answer. */
import { describe, expect, it } from '@jest/globals';
import { driveTimers } from '../../../../src/common/clock.ts';
import { StepQueue } from '../../../../src/machines/index.ts';
import {
  AskingAuthenticator,
  type Decider,
} from '../../../../src/server/admission/tokens/asking-authenticator.ts';
import type { TokenVerdict } from '../../../../src/server/admission/tokens/authenticator.ts';
import { noLimits } from '../../../../src/server/admission/tokens/grants.ts';
import { ManualClock } from '../../../../src/testing/manual-clock.ts';

const granted: TokenVerdict = { grants: { ...noLimits, expiresAt: 1 } };
const refused = { refusal: { code: 'unavailable', message: expect.any(String) } };

function setUp(decider: Partial<Decider> = {}) {
  const clock = new ManualClock();
  const failures: string[] = [];
  const asked: (string | undefined)[] = [];
  const authenticator = new AskingAuthenticator({
    decider: {
      name: 'a hook',
      failedEvent: 'hook_failed',
      maxPending: 2,
      decide: async () => ({ verdict: granted, keepMs: 0 }),
      ...decider,
      ...(decider.decide && {
        decide: (credentials, ...more) => {
          asked.push(credentials.token);
          return (decider.decide as Decider['decide'])(credentials, ...more);
        },
      }),
    },
    timeoutMs: 700,
    tokens: undefined,
    log: { error: (about: { err: Error }) => failures.push(about.err.message) } as never,
  });
  const queue = new StepQueue(clock);
  authenticator.joinQueue(queue);
  driveTimers(queue.timers, clock);
  const ask = (token?: string, address = '192.0.2.1') =>
    authenticator.authenticate({ token, address, wants: 'connect' });
  return { authenticator, clock, failures, asked, ask };
}

describe('a decider', () => {
  it('is asked by as many at once as it takes, and by as many again once it has answered, however', async () => {
    let answers: ((how: 'grant' | 'fail') => void)[] = [];
    const { ask, clock, failures } = setUp({
      decide: () =>
        new Promise((resolve, reject) => {
          answers.push((how) =>
            how === 'grant' ? resolve({ verdict: granted, keepMs: 0 }) : reject(new Error('broken')),
          );
        }),
    });
    const verdicts = [];
    for (const how of ['grant', 'fail', 'silence', 'grant'] as const) {
      const two = [ask(), ask()];
      await Promise.resolve();
      expect(await ask()).toEqual(refused);
      if (how === 'silence') await clock.advance(2_000);
      else for (const answer of answers) answer(how);
      answers = [];
      verdicts.push(await Promise.all(two));
    }
    expect(verdicts).toEqual([granted, refused, refused, granted].map((verdict) => [verdict, verdict]));
    const silence = 'There was no answer within 700 ms';
    expect(failures).toEqual(['broken', 'broken', silence, silence]);
  });

  it('is asked once by those that ask the same, as long as its answer holds', async () => {
    const { ask, asked, clock } = setUp({
      keyOf: ({ token }) => token ?? '',
      decide: async () => ({ verdict: granted, keepMs: 5_000 }),
    });
    expect(await Promise.all([ask('a'), ask('a'), ask('b')])).toEqual([granted, granted, granted]);
    expect(await ask('a')).toEqual(granted);
    expect(asked).toEqual(['a', 'b']);
    await clock.advance(6_000);
    expect(await ask('a')).toEqual(granted);
    expect(asked).toEqual(['a', 'b', 'a']);
  });

  it('is asked each time where it says nothing of what is the same', async () => {
    const { ask, asked } = setUp({ decide: async () => ({ verdict: granted, keepMs: 5_000 }) });
    await ask('a');
    await ask('a');
    expect(asked).toEqual(['a', 'a']);
  });

  it('has 4,096 answers kept, and the oldest is forgotten first', async () => {
    const { ask, asked } = setUp({
      keyOf: ({ token }) => token ?? '',
      decide: async () => ({ verdict: granted, keepMs: 60_000 }),
    });
    for (let n = 0; n < 4_096; n += 1) await ask(`${n}`);
    await ask('0');
    expect(asked).toHaveLength(4_096);
    await ask('one more');
    asked.length = 0;
    for (const token of ['1', '2', 'one more', '0']) await ask(token);
    expect(asked).toEqual(['0']);
  });

  it('looks at requests only where it says so', () => {
    expect(setUp().authenticator.needsRequest).toBe(false);
    expect(setUp({ needsRequest: true }).authenticator.needsRequest).toBe(true);
  });
});
