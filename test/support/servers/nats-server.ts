/** A real NATS broker, stopped after each test. */
import { afterEach } from '@jest/globals';
import { runningBrokers } from '../../../tools/nats-server.ts';

export { NatsServer } from '../../../tools/nats-server.ts';

afterEach(async () => {
  await Promise.all([...runningBrokers].map((server) => server.kill()));
  runningBrokers.clear();
});
