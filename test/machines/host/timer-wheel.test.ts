import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { NO_TIMER, type TimerOwner, TimerWheel } from '../../../src/machines/index.ts';
import { collectGarbage } from '../../support/collect-garbage.ts';
import fc from '../../support/fast-check.ts';

const owner = (): TimerOwner => ({ timer: NO_TIMER });

describe('the timer wheel', () => {
  it('fires once, never early, and at most a tick late, whatever is armed, disarmed and how the time goes', () => {
    const who = fc.nat(4);
    const name = fc.constantFrom('x', 'y', 'z');
    // Many in few slots, in this turn of the wheel or a later one; and some anywhere.
    const sameSlots = fc
      .record({ tick: fc.nat(2), turn: fc.nat(3) })
      .map(({ tick, turn }) => 50 * (tick + 1_024 * turn));
    const ms = fc.oneof(sameSlots, sameSlots, fc.nat(200_000));
    const command = fc.oneof(
      fc.record({ do: fc.constant('arm'), who, name, ms }),
      fc.record({ do: fc.constant('arm'), who, name, ms }),
      fc.record({ do: fc.constant('disarm'), who, name, ms: fc.constant(0) }),
      fc.record({ do: fc.constant('disarmAll'), who, name: fc.constant(''), ms: fc.constant(0) }),
      fc.record({
        do: fc.constant('advance'),
        who,
        name: fc.constant(''),
        ms: fc.oneof(fc.nat(150), fc.nat(100_000)),
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

  it('keeps the name, the owner and the time of every timer while it makes room for many more', () => {
    const wheel = new TimerWheel(0, 50);
    let now = 0;
    const fired: string[] = [];
    const expected: string[] = [];
    for (let who = 0; who < 300; who += 1) {
      const armed = { timer: NO_TIMER, who };
      for (const name of ['x', 'y']) {
        // Over several turns of the wheel.
        const dueMs = 50 * (1 + ((who * 97) % 4_000)) + (name === 'y' ? 150_000 : 0);
        wheel.arm(armed, name, dueMs, (firedName, firedOwner) =>
          fired.push(`${(firedOwner as typeof armed).who}${firedName} at ${now}`),
        );
        expected.push(`${who}${name} at ${dueMs}`);
      }
    }
    while (now < 400_000) {
      now += 50;
      wheel.advance(now);
    }
    expect(fired.sort()).toEqual(expected.sort());
  });

  it('uses the place of a timer that has fired or was disarmed again', () => {
    const wheel = new TimerWheel();
    const owners = Array.from({ length: 10 }, owner);
    const places = new Set<number>();
    for (let round = 0; round < 100; round += 1) {
      for (const armed of owners) {
        wheel.arm(armed, 'x', 100, () => {});
        places.add(armed.timer);
      }
      for (const armed of owners.slice(5)) wheel.disarm(armed, 'x');
      wheel.advance(1_000 * (round + 1));
    }
    expect(places.size).toBe(owners.length);
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

  it('holds on to neither owner nor function of a timer that has fired or was disarmed', async () => {
    const wheels = [new TimerWheel(), new TimerWheel()] as const;
    const heldOnceOver = (wheel: TimerWheel, end: (armed: TimerOwner) => void) => {
      const armed = owner();
      const fire = () => {};
      wheel.arm(armed, 'x', 100, fire);
      end(armed);
      return [new WeakRef<object>(armed), new WeakRef<object>(fire)];
    };
    const held = [
      ...heldOnceOver(wheels[0], () => wheels[0].advance(1_000)),
      ...heldOnceOver(wheels[1], (armed) => wheels[1].disarmAll(armed)),
    ];
    // Until then the WeakRefs themselves hold on to what they were made of.
    await setImmediate();
    collectGarbage();
    expect(held.map((one) => one.deref())).toEqual([undefined, undefined, undefined, undefined]);
    expect(wheels.map(({ size }) => size)).toEqual([0, 0]);
  });

  it('fires the timers of every slot at once after a pause that is longer than a turn of the wheel', () => {
    const wheel = new TimerWheel(0, 50);
    const fired = new Set<TimerOwner>();
    for (let tick = 1; tick <= 1_100; tick += 1)
      wheel.arm(owner(), 'x', 50 * tick, (_name, firedOwner) => fired.add(firedOwner));
    wheel.advance(10_000_000);
    expect([fired.size, wheel.size]).toEqual([1_100, 0]);
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
      'a timer that was disarmed',
      (wheel) => {
        const armed = owner();
        wheel.arm(armed, 'x', 100, () => {});
        const { timer } = armed;
        wheel.disarm(armed, 'x');
        return { timer };
      },
    ],
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
