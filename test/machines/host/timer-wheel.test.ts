import { describe, expect, it } from '@jest/globals';
import { NO_TIMER, type TimerOwner, TimerWheel } from '../../../src/machines/index.ts';
import fc from '../../support/fast-check.ts';

const owner = (): TimerOwner => ({ timer: NO_TIMER });

describe('the timer wheel', () => {
  it('fires once, never early, and at most a tick late, whatever is armed, disarmed and how the time goes', () => {
    const command = fc.oneof(
      fc.record({
        do: fc.constant('arm'),
        who: fc.nat(4),
        name: fc.constantFrom('x', 'y'),
        ms: fc.nat(200_000),
      }),
      fc.record({
        do: fc.constant('disarm'),
        who: fc.nat(4),
        name: fc.constantFrom('x', 'y'),
        ms: fc.constant(0),
      }),
      fc.record({ do: fc.constant('disarmAll'), who: fc.nat(4), name: fc.constant(''), ms: fc.constant(0) }),
      fc.record({
        do: fc.constant('advance'),
        who: fc.constant(0),
        name: fc.constant(''),
        ms: fc.nat(100_000),
      }),
    );
    fc.assert(
      fc.property(fc.array(command, { maxLength: 200, size: 'max' }), (commands) => {
        const wheel = new TimerWheel(0, 50);
        const owners = Array.from({ length: 5 }, owner);
        const due = new Map<string, number>();
        let now = 0;
        for (const { do: what, who, name, ms } of commands) {
          const timerOwner = owners[who] as TimerOwner;
          const key = `${who}${name}`;
          if (what === 'arm') {
            due.set(key, now + ms);
            wheel.arm(timerOwner, name, ms, (fired) => {
              expect(fired).toBe(name);
              expect(due.get(key)).toBeLessThanOrEqual(now);
              due.delete(key);
            });
          } else if (what === 'disarm') {
            wheel.disarm(timerOwner, name);
            due.delete(key);
          } else if (what === 'disarmAll') {
            wheel.disarmAll(timerOwner);
            for (const other of [...due.keys()].filter((other) => other.startsWith(`${who}`)))
              due.delete(other);
          } else {
            now += ms;
            expect(wheel.advance(now)).toBe(true);
            for (const at of due.values()) expect(at).toBeGreaterThan(now - 50);
          }
          expect(wheel.size).toBe(due.size);
        }
      }),
    );
  });

  it('begins at 0 where nobody says when', () => {
    expect(new TimerWheel().now).toBe(0);
  });

  it.each([0, 50, 120])('fires a timer without a delay, armed at %d ms, with the next tick', (now) => {
    const wheel = new TimerWheel();
    wheel.advance(now);
    let fired = 0;
    wheel.arm(owner(), 'x', 0, () => {
      fired += 1;
    });
    wheel.advance(now);
    expect(fired).toBe(0);
    wheel.advance(now + 50);
    expect(fired).toBe(1);
  });

  it('takes a delay that is not finite for no timer', () => {
    const wheel = new TimerWheel();
    wheel.arm(owner(), 'never', Number.POSITIVE_INFINITY, () => {});
    expect(wheel.size).toBe(0);
  });

  it('lets a timer that fires disarm another that is due in the same tick', () => {
    const wheel = new TimerWheel();
    const both = owner();
    const fired: string[] = [];
    const fire = (name: string) => {
      fired.push(name);
      wheel.disarmAll(both);
    };
    wheel.arm(both, 'x', 100, fire);
    wheel.arm(both, 'y', 100, fire);
    wheel.advance(1_000);
    expect(fired).toHaveLength(1);
  });

  it('fires at most its budget at once, and says that more is due', () => {
    const wheel = new TimerWheel();
    let fired = 0;
    for (let i = 0; i < 250; i += 1) {
      wheel.arm(owner(), 'x', 10, () => {
        fired += 1;
      });
    }
    expect([wheel.advance(1_000, 100), fired]).toEqual([false, 100]);
    expect([wheel.advance(1_000, 100), fired]).toEqual([false, 200]);
    expect([wheel.advance(1_000, 100), fired]).toEqual([true, 250]);
  });

  it.each<[string, (wheel: TimerWheel) => TimerOwner]>([
    ['no `timer`', () => ({}) as TimerOwner],
    ['a `timer` that is no timer', () => ({ timer: 0 })],
    [
      'the timers of another owner',
      (wheel) => {
        const armed = owner();
        wheel.arm(armed, 'x', 100, () => {});
        return { ...armed };
      },
    ],
  ])('refuses an owner with %s, rather than search for its timers forever', (_what, make) => {
    const wheel = new TimerWheel();
    const bad = make(wheel);
    const expected = /NO_TIMER/;
    expect(() => wheel.arm(bad, 'x', 100, () => {})).toThrow(expected);
    expect(() => wheel.disarm(bad, 'x')).toThrow(expected);
    expect(() => wheel.disarmAll(bad)).toThrow(expected);
  });
});
