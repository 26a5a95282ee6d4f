/** Node's environment, but tests after a failure are skipped: one failure is enough to notice a mutant. */
import { TestEnvironment } from 'jest-environment-node';

export default class extends TestEnvironment {
  #hasFailed = false;

  handleTestEvent(event) {
    if (event.name === 'test_fn_failure' || event.name === 'hook_failure') this.#hasFailed = true;
    if (event.name === 'test_start' && this.#hasFailed) event.test.mode = 'skip';
  }
}
