/** The time of everything that is hosted: set once, when something enters the queue. */
import { describe, expect, it } from '@jest/globals';
import { NO_TIMER, StepQueue, type TimerOwner, TimerWheel } from '../../../src/machines/index.ts';

/** A clock that is a minute later whenever it is read. */
const setUp = () => {
  let readings = 0;
  const clock = { now: () => 60_000 * readings++ };
  const queue = new StepQueue(clock, new TimerWheel(0));
  return { queue, readings: () => readings };
};
const owner = (): TimerOwner => ({ timer: NO_TIMER });

describe("the step queue's time", () => {
  it('is read once for an event and all that follows from it', () => {
    const { queue, readings } = setUp();
    const times: number[] = [];
    queue.push(() => {
      times.push(queue.now);
      queue.push(() => times.push(queue.now, queue.timers.now));
    });
    expect([times, readings()]).toEqual([[0, 0, 0], 1]);
    queue.push(() => times.push(queue.now));
    expect([times[3], readings()]).toEqual([60_000, 2]);
  });

  it('is read once for a batch', () => {
    const { queue, readings } = setUp();
    const times: number[] = [];
    queue.batch(() => {
      queue.push(() => times.push(queue.now));
      queue.batch(() => queue.push(() => times.push(queue.now)));
    });
    expect([times, readings()]).toEqual([[0, 0], 1]);
  });

  it('is read for each timer that fires', () => {
    const { queue } = setUp();
    const times: number[] = [];
    for (const name of ['one', 'other'])
      queue.timers.arm(owner(), name, 100, () => queue.push(() => times.push(queue.now)));
    queue.timers.advance(200);
    expect(times).toEqual([0, 60_000]);
  });

  it('is what a timer that is armed outside of a step counts from', () => {
    const { queue, readings } = setUp();
    queue.push(() => {});
    let hasFired = false;
    queue.arm(owner(), 'late', 1_000, () => {
      hasFired = true;
    });
    expect(readings()).toBe(2);
    queue.timers.advance(60_950);
    expect(hasFired).toBe(false);
    queue.timers.advance(61_000);
    expect(hasFired).toBe(true);
  });

  it("is the timers' own where there is no clock", () => {
    const queue = new StepQueue();
    queue.timers.advance(500);
    const times: number[] = [];
    queue.push(() => times.push(queue.now));
    expect([times, queue.now]).toEqual([[500], 500]);
  });
});

it('the step queue counts how often something enters it, and not what follows from that', () => {
  const { queue } = setUp();
  const counted: number[] = [];
  const count = () => counted.push(queue.entries);
  queue.push(() => {
    count();
    queue.push(count);
  });
  queue.batch(() => queue.push(count));
  expect(counted).toEqual([1, 1, 2]);
});

describe('a step that throws', () => {
  it('does not lose those that wait behind it', () => {
    const queue = new StepQueue();
    const order: string[] = [];
    const failing = () => {
      queue.push(() => {
        throw new Error('a step that fails');
      });
      queue.push(() => order.push('after it'));
    };
    expect(() => queue.push(failing)).toThrow('a step that fails');
    queue.push(() => order.push('later'));
    expect(order).toEqual(['after it', 'later']);
  });
});
