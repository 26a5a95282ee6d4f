/** Not only machines that somebody thought of: whatever the machine, a host steps it as `createActor` does. */
import { expect, it } from '@jest/globals';
import type { AnyStateMachine } from 'xstate';
import fc from '../../support/fast-check.ts';
import { acting, hostOf } from '../../support/machines/host-and-actor.ts';
import { randomEvents, randomMachine } from '../../support/machines/random-machine.ts';
import { runs } from '../../support/runs.ts';

/** A machine that fails is told by its config. */
const say = (machine: AnyStateMachine) =>
  Object.assign(machine, { [fc.toStringMethod]: () => JSON.stringify(machine.config, null, 1) });

/** Sessions of each: the later ones follow the plans of the earlier ones. */
const WALKS = 3;

it('a random machine does the same in a host as run by createActor, whatever happens to it', () => {
  const move = fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom(...randomEvents) },
    { weight: 1, arbitrary: fc.constantFrom(50, 100, 200) },
  );
  const walk = fc.array(move, { maxLength: 20, size: 'max' });
  fc.assert(
    fc.property(
      randomMachine.map(say),
      fc.array(walk, { minLength: WALKS, maxLength: WALKS }),
      (machine, walks) => {
        const hosted = hostOf(machine);
        for (const moves of walks) {
          const [host, actor] = [hosted(undefined), acting(machine, undefined)];
          expect(host.read()).toEqual(actor.read());
          for (const next of moves) {
            for (const side of [host, actor]) {
              if (typeof next === 'number') for (let ms = 0; ms < next; ms += 50) side.advance(50);
              else side.send(next);
            }
            expect(host.read()).toEqual(actor.read());
          }
        }
      },
    ),
    { numRuns: runs(60, 250) },
  );
});
