/** The HTTP port of a relay server in this process, with a clock that a test steps; closed at the test's end. */
import { afterEach } from '@jest/globals';
import { pino } from 'pino';
import { type RelayHttp, serveRelayHttp } from '../../../src/server/relay/relay-http.ts';
import type { RelayServer } from '../../../src/server/relay/relay-server.ts';

const open: RelayHttp[] = [];

export async function serveRelay(
  server: RelayServer,
  options: { inspect?: boolean; inspectToken?: string } = {},
): Promise<RelayHttp> {
  const http = await serveRelayHttp(server, {
    host: '127.0.0.1',
    port: 0,
    log: pino({ level: 'silent' }),
    inspect: true,
    inspectToken: undefined,
    ...options,
  });
  open.push(http);
  return http;
}

afterEach(async () => {
  for (const http of open.splice(0)) await http.close();
});
