/** Runs around each test file: reports the transitions that it took to the gate. */
import { afterAll, expect, jest } from '@jest/globals';
import { onTestEvent, writeTransitions } from './machines/transition-coverage.ts';

// Called by jest-environment.js.
Object.assign(globalThis, { onTestEvent });
afterAll(writeTransitions);

// These wait for timers that are not ours and run in real time; a machine that stalls for seconds lets one fire too
// early. Such a test is tried once more, and its first failure is printed; if it fails twice, it has failed.
const REAL_TIME: Readonly<Record<string, string>> = {
  'test/interop/': 'the ICE and DTLS timers of browsers and aiortc',
  'test/client/negotiation/recovery.test': 'consent and silence by ICE',
  'test/client/peer/channels.test': 'retransmission by SCTP over a network that loses packets',
  'test/client/room/mesh.test': 'consent and checks by ICE, of ten connections at once',
  'test/client/doctor/doctor.test': 'the seconds in which STUN and TURN servers have to answer',
  'test/client/rtc/turn.test': 'the TURN server, and candidates that it relays',
};
// Runs the same tests with the other shell: by project (jest.config.js), or manually with PAIRLANE_SHELL=ws. Programs
// that a test starts read the variable.
const { shell = process.env.PAIRLANE_SHELL } = globalThis as { shell?: string };
if (shell !== undefined) {
  process.env.PAIRLANE_SHELL = shell;
  const { defaultServerOptions } = await import('../../src/server/options.ts');
  Object.assign(defaultServerOptions, { shell });
}
const path = expect.getState().testPath ?? '';
if (Object.keys(REAL_TIME).some((file) => path.includes(file)))
  jest.retryTimes(1, { logErrorsBeforeRetry: true });
