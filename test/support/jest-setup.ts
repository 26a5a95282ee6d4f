/** Runs around each test file: what it took of the machines' transitions goes to the gate. */
import { afterAll, expect, jest } from '@jest/globals';
import fc from 'fast-check';
import { leaveToChance, onTestEvent, writeTransitions } from './machines/transition-coverage.ts';

// Called by jest-environment.js.
Object.assign(globalThis, { onTestEvent });
afterAll(writeTransitions);
// Called before each run of a property, of whatever test.
fc.configureGlobal({ beforeEach: leaveToChance });

// Real browsers, TURN servers and lossy networks miss a deadline now and then on a busy machine. Such a test is tried
// once more, and the first failure is printed; one that fails twice has failed.
const timed =
  /\/test\/(interop|e2e|client\/(commands|rooms)|client\/[a-z]+\/(recovery|channels|turn|peer|bad-peer)\.test)\b/;
if (timed.test(expect.getState().testPath ?? '')) {
  jest.retryTimes(1, { logErrorsBeforeRetry: true });
}
