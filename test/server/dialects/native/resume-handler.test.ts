/** What becomes of a client that comes back when the server itself fails. */
import { expect, it } from '@jest/globals';
import { NO_TIMER, StepQueue } from '../../../../src/machines/index.ts';
import { closeCodes } from '../../../../src/protocol/index.ts';
import { ResumeHandler } from '../../../../src/server/dialects/native/resume-handler.ts';

const RESUME = '{"type":"resume","id":"a","token":"b","received":0}';

it.each([
  ['is open', undefined, [closeCodes.internalError]],
  // Every method of a closed socket throws, and nobody would catch that.
  ['was closed', 'closed', []],
])('a return that fails ends its socket if that %s', (_name, phase, expected) => {
  const data: { phase?: string; timer: number } = { timer: NO_TIMER };
  const ended: number[] = [];
  const socket = { getUserData: () => data, end: (code: number) => ended.push(code) };
  const logged: string[] = [];
  const handler = new ResumeHandler({
    options: { maxMessageBytes: 0 },
    telemetry: { log: { error: ({ event }: { event: string }) => logged.push(event) } },
    signaling: { queue: new StepQueue() },
    reviver: {
      dropStale() {
        if (phase) data.phase = phase;
        throw new Error('on purpose');
      },
    },
    drain: { wantsBackAfterMs: () => undefined },
  } as never);
  handler.received(socket as never, new TextEncoder().encode(RESUME).buffer as ArrayBuffer);
  expect([ended, logged]).toEqual([expected, ['client_failed']]);
});
