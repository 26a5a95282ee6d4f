/** The fault proxy, closed after each test. */
import { afterEach } from '@jest/globals';
import { runningProxies } from '../../../tools/tcp-proxy.ts';

export { TcpProxy } from '../../../tools/tcp-proxy.ts';

afterEach(async () => {
  await Promise.all(runningProxies.splice(0).map((proxy) => proxy.close()));
});
