/** Node, and the tests' setup (jest-setup.ts) hears when the body of a test begins and how it ended. */
import { TestEnvironment } from 'jest-environment-node';

export default class extends TestEnvironment {
  handleTestEvent({ name }) {
    this.global.onTestEvent?.(name);
  }
}
