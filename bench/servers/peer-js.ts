/** PeerServer (npm `peer`), started as its package does, with limits and timeouts raised. It does not pair clients. */

import type { AddressInfo } from 'node:net';
import { PeerServer } from 'peer';
import { beMeasured } from './measured.ts';

PeerServer(
  { host: '127.0.0.1', port: 0, path: '/', concurrent_limit: 1_000_000, alive_timeout: 3_600_000 },
  (server) => beMeasured((server.address() as AddressInfo).port),
);
