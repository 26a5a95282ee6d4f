/** A Node environment that tells the tests' setup (jest-setup.ts) when a test's body begins and how it ended. */
import { TestEnvironment } from 'jest-environment-node';

// Half a second after its last test, jest takes a worker that has not ended for one that left something open, and says
// so. A process that ends by itself first takes down its heap, which takes as long; one that exits leaves that to the system.
if (process.argv[1]?.endsWith('processChild.js')) process.once('exit', () => process.exit());

export default class extends TestEnvironment {
  handleTestEvent({ name }) {
    this.global.onTestEvent?.(name);
  }
}
