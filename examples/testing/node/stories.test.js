/** The three stories of docs/testing.md, with node:test. */
import { deepEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { expectRecord, pairPathsOf, pathsOf, TestWorld, TransitionCoverage } from 'pairlane/testing';
import { createActor, SimulatedClock } from 'xstate';
import { door, doorMachine } from '../door.js';
import { pairStubbornly } from '../stubborn-bot.js';

test('a bot whose peer never had its answer through asks once more', async () => {
  const world = await TestWorld.start({ seed: 7 });
  const alice = await world.createPeer('alice');
  const bot = await world.createPeer('bot');
  world.network.drop('answer', { of: 'alice' });
  const wait = (ms) =>
    new Promise((resolve) => {
      const stop = world.clock.every(ms, () => resolve(stop()));
    });
  const told = await world.until(pairStubbornly(bot, alice.id, wait), 60_000);
  deepEqual(told, ['answer_timeout']);
  await world.stop();
});

test('a machine does what each path through it says', () => {
  const coverage = new TransitionCoverage([doorMachine], { pairsOf: [door] });
  const paths = process.env.FIRST_PATH_ONLY
    ? pathsOf(door).slice(0, 1)
    : [...pathsOf(door), ...pairPathsOf(door)];
  for (const { moves, states } of paths) {
    const clock = new SimulatedClock();
    const actor = createActor(doorMachine, { clock, inspect: coverage.inspect }).start();
    const seen = moves.map((move) => {
      if ('event' in move)
        actor.send(move.event); // in a real test: do this to the thing that the machine models
      else clock.increment(5_000);
      return actor.getSnapshot().value;
    });
    deepEqual(seen, states);
  }
  coverage.save(process.env.TRANSITIONS_FOLDER ?? '.coverage');
});

test('a pairing that a user recorded goes the same way again', () => {
  const { steps } = expectRecord(new URL('../record.jsonl', import.meta.url));
  deepEqual(steps > 10, true);
});
