/** Examples of a remote session's inputs, and of every kind of event that its machine tells apart. */
import type { MachineExamples } from '../machine-examples.ts';
import { remoteSessionMachine } from './remote-session-machine.ts';

export const remoteSessionExamples: MachineExamples<typeof remoteSessionMachine> = {
  machine: remoteSessionMachine,
  inputs: [true, false].flatMap((isResumable) =>
    [true, false].map((isMissed) => ({ id: 'other', isResumable, isMissed, resumeGraceMs: 30_000 })),
  ),
  events: {
    WENT_AWAY: [{ type: 'WENT_AWAY' }],
    MOVING: [{ type: 'MOVING' }],
    CUT_OFF: [{ type: 'CUT_OFF' }],
    RECLAIMED: [true, false].map((isAway) => ({ type: 'RECLAIMED', isAway })),
    RELEASED: [{ type: 'RELEASED' }],
  },
};
