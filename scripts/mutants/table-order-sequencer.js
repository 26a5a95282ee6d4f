/** Runs tests in the order of the table (areas.ts), which puts fast tests that notice most first. */
import Sequencer from '@jest/test-sequencer';

export default class extends (Sequencer.default ?? Sequencer) {
  sort(tests) {
    const patterns = JSON.parse(process.env.MUTANT_TESTS).map((pattern) => new RegExp(pattern));
    const rank = ({ path }) => patterns.findIndex((pattern) => pattern.test(path));
    return [...tests].sort((a, b) => rank(a) - rank(b) || (a.path < b.path ? -1 : 1));
  }
}
