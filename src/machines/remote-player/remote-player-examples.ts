/** Examples of every kind of event that a remote player's machine tells apart. */
import type { MachineExamples } from '../machine-examples.ts';
import { remotePlayerMachine } from './remote-player-machine.ts';

const yesAndNo = [true, false];

export const remotePlayerExamples: MachineExamples<typeof remotePlayerMachine> = {
  machine: remotePlayerMachine,
  inputs: [undefined],
  events: {
    CONNECT_ASKED: yesAndNo.map((isOnline) => ({ type: 'CONNECT_ASKED', isOnline })),
    OFFER_RECEIVED: yesAndNo.map((isOfNewConnection) => ({ type: 'OFFER_RECEIVED', isOfNewConnection })),
    PLAYER_LEFT: yesAndNo.flatMap((isOnPurpose) =>
      yesAndNo.map((isConnectionUp) => ({ type: 'PLAYER_LEFT' as const, isOnPurpose, isConnectionUp })),
    ),
    SOCKET_CONNECTED: [{ type: 'SOCKET_CONNECTED' }],
    CHANNEL_OPENED: [{ type: 'CHANNEL_OPENED' }],
    PEER_GONE: [{ type: 'PEER_GONE' }],
    GAVE_UP: [{ type: 'GAVE_UP' }],
  },
};
