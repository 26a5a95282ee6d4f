/** PeerServer (npm `peer`), as its package starts it, with limits and timeouts out of the way. It pairs nobody. */

import type { AddressInfo } from 'node:net';
import { PeerServer } from 'peer';
import { beMeasured } from './measured.ts';

PeerServer(
  { host: '127.0.0.1', port: 0, path: '/', concurrent_limit: 1_000_000, alive_timeout: 3_600_000 },
  (server) => beMeasured((server.address() as AddressInfo).port),
);
