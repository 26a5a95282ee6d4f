/** The tests' environment, which leaves out what follows a failure: one is enough to notice a mutant. */
import TestEnvironment from '../../test/support/jest-environment.js';

export default class extends TestEnvironment {
  #hasFailed = false;

  handleTestEvent(event) {
    super.handleTestEvent(event);
    if (event.name === 'test_fn_failure' || event.name === 'hook_failure') this.#hasFailed = true;
    if (event.name === 'test_start' && this.#hasFailed) event.test.mode = 'skip';
  }
}
