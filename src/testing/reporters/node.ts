/**
 * Coverage of transitions for node:test. It takes its options from the environment, for node gives a reporter none:
 * `TRANSITIONS_FOLDER=.coverage node --test --test-reporter=spec --test-reporter-destination=stdout
 * --test-reporter=pairlane/testing/node --test-reporter-destination=stderr`, and `TRANSITIONS_HTML` for a page. A run of
 * which something was never taken fails.
 */
import { CoverageRun } from './coverage-run.ts';

export default async function* nodeCoverageReporter(events: AsyncIterable<unknown>): AsyncGenerator<string> {
  const { TRANSITIONS_FOLDER: folder = '', TRANSITIONS_HTML: html } = process.env;
  if (folder === '') throw new Error('Set TRANSITIONS_FOLDER to the folder that tests give coverage.save()');
  const run = new CoverageRun({ folder, ...(html !== undefined && { html }) });
  run.begin();
  for await (const _ of events);
  const { text, missing } = run.end();
  if (missing.length > 0) process.exitCode = 1;
  yield `${text}\n`;
}
