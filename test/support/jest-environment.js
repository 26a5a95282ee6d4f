/** A Node environment that tells the tests' setup (jest-setup.ts) when a test's body begins and how it ended. */
import { TestEnvironment } from 'jest-environment-node';

export default class extends TestEnvironment {
  handleTestEvent({ name }) {
    this.global.onTestEvent?.(name);
  }
}
