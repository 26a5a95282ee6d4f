/** The fault proxy, put away after each test. */
import { afterEach } from '@jest/globals';
import { runningProxies } from '../../bench/support/tcp-proxy.ts';

export { TcpProxy } from '../../bench/support/tcp-proxy.ts';

afterEach(async () => {
  await Promise.all(runningProxies.splice(0).map((proxy) => proxy.close()));
});
