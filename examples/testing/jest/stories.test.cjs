/** The three stories of docs/testing.md, with jest as it comes: a CommonJS file, which imports the kit when it runs. */
const { pathToFileURL } = require('node:url');

const HERE = pathToFileURL(__filename);
let kit;
let xstate;
let bots;
let doors;
beforeAll(async () => {
  kit = await import('pairlane/testing');
  xstate = await import('xstate');
  bots = await import('../stubborn-bot.js');
  doors = await import('../door.js');
});
const equal = (got, wanted) => expect(got).toEqual(wanted);

test('a bot whose peer never had its answer through asks once more', async () => {
  const { TestWorld } = kit;
  const { pairStubbornly } = bots;
  const world = await TestWorld.start({ seed: 7 });
  const alice = await world.createPeer('alice');
  const bot = await world.createPeer('bot');
  world.network.drop('answer', { of: 'alice' });
  const wait = (ms) =>
    new Promise((resolve) => {
      const stop = world.clock.every(ms, () => resolve(stop()));
    });
  const told = await world.until(pairStubbornly(bot, alice.id, wait), 60_000);
  equal(told, ['answer_timeout']);
  await world.stop();
});

test('a machine does what each path through it says', () => {
  const { pairPathsOf, pathsOf, TransitionCoverage } = kit;
  const { createActor, SimulatedClock } = xstate;
  const { door, doorMachine } = doors;
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
    equal(seen, states);
  }
  coverage.save(process.env.TRANSITIONS_FOLDER ?? '.coverage');
});

test('a pairing that a user recorded goes the same way again', () => {
  const { expectRecord } = kit;
  const { steps } = expectRecord(new URL('../record.jsonl', HERE));
  equal(steps > 10, true);
});
