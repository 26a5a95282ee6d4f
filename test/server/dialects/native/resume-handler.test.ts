/** What becomes of a client that comes back until it is known which session is its own, and when the server itself fails. */
import { describe, expect, it } from '@jest/globals';
import { NO_TIMER, StepQueue } from '../../../../src/machines/index.ts';
import { closeCodes } from '../../../../src/protocol/index.ts';
import { ResumeHandler } from '../../../../src/server/dialects/native/resume-handler.ts';
import { ManualClock } from '../../../../src/testing/manual-clock.ts';

const RESUME = '{"type":"resume","id":"a","token":"b","received":0}';
const bytesOf = (text: string) => new TextEncoder().encode(text).buffer as ArrayBuffer;

/** A server without other nodes and without sessions: whoever names one gets another, with a refusal. */
function started({
  maxMessageBytes = 0,
  firstMessageTimeoutMs = 0,
  isOver = false,
  hasNodes = false,
  fails = undefined as (() => void) | undefined,
  now = undefined as (() => number) | undefined,
} = {}) {
  const clock = new ManualClock();
  const queue = new StepQueue(clock);
  const events: unknown[] = [];
  const asked: ((said: unknown) => void)[] = [];
  const drain = { afterMs: undefined as number | undefined };
  const handler = new ResumeHandler({
    options: { maxMessageBytes, firstMessageTimeoutMs },
    telemetry: {
      log: { error: ({ event }: { event: string }) => events.push(event) },
      metrics: { refused: { add: (kind: string) => events.push(`count ${kind}`) } },
    },
    signaling: {
      queue: now
        ? {
            timers: queue.timers,
            arm() {},
            get now() {
              return now();
            },
          }
        : queue,
      directory: { sessions: new Map() },
      sessions: {
        fail: (session: string, _error: unknown, where: string) => events.push(['fail', session, where]),
      },
    },
    reviver: {
      nodes: hasNodes
        ? {
            fetch: (_message: unknown, answer: (said: unknown) => void) => {
              events.push('fetch');
              asked.push(answer);
            },
          }
        : undefined,
      adopt: (socket: unknown, { id }: { id: string }, session: string, from: number) =>
        events.push(['adopt', socket !== undefined, id, session, from]),
      opener: {
        isOver: () => isOver,
        open: () => ({
          notify: ({ type, code }: Record<string, string>) => events.push(`new, ${type} ${code}`),
        }),
      },
      dropStale({ id, pairing, pairings }: Record<string, { peer_id: string } & { peer_id: string }[]>) {
        fails?.();
        events.push(['named', id, pairing?.peer_id, pairings?.map(({ peer_id }) => peer_id)]);
      },
      factsOf: () => ({
        isHere: false,
        fitsSession: false,
        fitsLostSession: false,
        isRestoreWindowOpen: false,
      }),
    },
    early: { count: (_socket: unknown, bytes: number) => events.push(`count ${bytes} bytes`) },
    drain: { wantsBackAfterMs: () => drain.afterMs },
  } as never);
  const open = (data: object = {}) => {
    const own = { timer: NO_TIMER, ...data } as { phase?: string; client?: unknown };
    const socket = {
      getUserData: () => own,
      end: (code: number, reason: string) => events.push([code, reason]),
      send: (text: string, isBinary: boolean) => events.push(isBinary ? 'binary' : JSON.parse(text)),
    };
    handler.opened(socket as never);
    return {
      data: own,
      socket: socket as never,
      say: (text: string) => handler.received(socket as never, bytesOf(text)),
    };
  };
  const advance = (ms: number) => {
    clock.advance(ms);
    queue.timers.advance(clock.now());
  };
  return { handler, events, asked, open, drain, advance };
}

const NAMED = ['named', 'a', undefined, undefined];
const NEW = 'new, refused resume_failed';

describe('a client that comes back', () => {
  it('names its session in its first message; a token before it is not needed', () => {
    const { events, open } = started();
    const { say } = open();
    say('{"type":"auth","token":"t"}');
    expect(events).toEqual([]);
    say(RESUME);
    expect(events).toEqual([NAMED, NEW]);
  });

  it('gets a new one for a second token that is not needed: tokens without end would cost it nothing', () => {
    const { events, open } = started();
    const { say } = open();
    say('{"type":"auth","token":"t"}');
    say('{"type":"auth","token":"t"}');
    expect(events).toEqual([NEW]);
  });

  it.each(['{"type":"create_key"}', '{', '[]'])('gets a new one for %s', (text) => {
    const { events, open } = started();
    open().say(text);
    expect(events).toEqual([NEW]);
  });

  it.each([
    ['as long as a message may be', RESUME.length, [NAMED, NEW]],
    ['a byte longer', RESUME.length - 1, [NEW]],
  ])('may say so in a message %s', (_what, maxMessageBytes, expected) => {
    const { events, open } = started({ maxMessageBytes });
    open().say(RESUME);
    expect(events).toEqual(expected);
  });

  it.each([
    ['named, but what it sends counts', 'named', [`count ${RESUME.length} bytes`]],
    ['closed', 'closed', []],
  ])('is not listened to once it is %s', (_what, phase, expected) => {
    const { events, open } = started();
    open({ phase }).say(RESUME);
    expect(events).toEqual(expected);
  });

  it('has to say so in time, and then no longer', () => {
    const { events, open, advance } = started({ firstMessageTimeoutMs: 500 });
    open();
    open().say('{');
    events.length = 0;
    advance(499);
    expect(events).toEqual([]);
    advance(1);
    const reason = 'You did not say which session is yours';
    expect(events).toEqual(['count first_message', [closeCodes.timedOut, reason]]);
  });

  it('may take any time where the limit is 0', () => {
    const { events, open, advance } = started();
    open();
    advance(1_000_000);
    expect(events).toEqual([]);
  });

  it('to nothing where there are as many clients as may be is sent away', () => {
    const { events, open } = started({ isOver: true });
    open().say('{');
    expect(events).toEqual(['count connections', [1013, 'There are as many clients as may be']]);
  });

  it.each([
    ['when it opens its socket', 0],
    ['when it names its session', 1],
  ])('to a server that drains is told to come later: %s', (_when, after) => {
    const { events, open, drain } = started();
    if (after === 0) drain.afterMs = 70;
    const { say } = open();
    drain.afterMs = 70;
    if (after === 1) say(RESUME);
    expect(events).toEqual([
      'count draining',
      { type: 'restarting', after_ms: 70 },
      [1012, 'Server is restarting'],
    ]);
  });

  it('by a token means the session of its app, and peers of its app', () => {
    const { events, open } = started();
    const claim = { epoch: 1, initiator: true };
    const [pairing, pairings] = [{ ...claim, peer_id: 'p' }, [{ ...claim, peer_id: 'q' }]];
    const text = JSON.stringify({ ...JSON.parse(RESUME), pairing, pairings });
    open({ grants: { app: 'x', sub: 'a', may: [], expiresAt: 1 } }).say(text);
    expect(events).toEqual([['named', 'x/a', 'x/p', ['x/q']], NEW]);
  });

  it('by the token of somebody else has no session', () => {
    const { events, open } = started();
    open({ grants: { app: 'x', sub: 'b', may: [], expiresAt: 1 } }).say(RESUME);
    expect(events).toEqual([NEW]);
  });

  it.each([
    ['none has it', 'lost', false, [NEW]],
    ['it cannot be reached', 'late', false, [[1013, 'Your session cannot be reached now']]],
    ['it is here', { session: 'it', from: 2 }, false, [['adopt', true, 'a', 'it', 2]]],
    [
      'it is here, and its client has gone',
      { session: 'it', from: 2 },
      true,
      [['adopt', false, 'a', 'it', 2]],
    ],
    ['none has it, and its client has gone', 'lost', true, []],
  ])('to another node is asked for once, and then %s', (_what, said, hasGone, expected) => {
    const { events, asked, open } = started({ hasNodes: true });
    const { say, data } = open();
    say(RESUME);
    say(RESUME);
    expect(events.splice(0)).toEqual([NAMED, 'fetch', `count ${RESUME.length} bytes`]);
    if (hasGone) data.phase = 'closed';
    asked[0]?.(said);
    expect(events).toEqual(expected);
  });

  it('is forgotten if its socket closes before its turn', async () => {
    let time = 0;
    const { events, open, handler } = started({
      now: () => {
        time += 1;
        return time;
      },
    });
    const [first, second] = [open(), open()];
    first.say(RESUME);
    second.say(RESUME);
    expect(events).toEqual([NAMED, NEW]);
    handler.closed(second.socket);
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    expect(events).toEqual([NAMED, NEW]);
  });
});

it('of clients that are lost 10,000 wait for their turn, and no more', () => {
  let time = 0;
  const { handler } = started({
    now: () => {
      time += 2;
      return time;
    },
  });
  let done = 0;
  for (let n = 0; n < 10_000; n += 1) handler.lost({ n } as never, () => {});
  handler.lost('one more' as never, () => {
    done += 1;
  });
  expect(done).toBe(1);
  const few = started({ now: () => (time += 2) });
  for (let n = 0; n < 9_999; n += 1) few.handler.lost({ n } as never, () => {});
  few.handler.lost('the last' as never, () => {
    done += 1;
  });
  expect(done).toBe(1);
});

describe('a return that fails', () => {
  it.each([
    ['is open', undefined, ['client_failed', [closeCodes.internalError, 'Internal error']]],
    // Every method of a closed socket throws, and nobody would catch that.
    ['was closed', 'closed', ['client_failed']],
  ])('ends its socket if that %s', (_name, phase, expected) => {
    const fails = () => {
      if (phase) opened.data.phase = phase;
      throw new Error('on purpose');
    };
    const { events, open } = started({ fails });
    const opened = open();
    opened.say(RESUME);
    expect(events).toEqual(expected);
  });

  it('ends the session that it has by then', () => {
    const { events, open } = started({
      fails: () => {
        opened.data.client = { session: 'its session' };
        throw new Error('on purpose');
      },
    });
    const opened = open();
    opened.say(RESUME);
    expect(events).toEqual([['fail', 'its session', 'receive']]);
  });
});
