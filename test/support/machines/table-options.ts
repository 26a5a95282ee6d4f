/** How far each machine is explored from its examples, and how its contexts are shown. */
import type { PairingOfSession, SessionSettings } from '../../../src/machines/session/session-events.ts';
import type { TableOptions } from '../../../src/testing/machines/machine-table.ts';

/** For the two epochs in a session's examples. */
const phases = (pairings: readonly PairingOfSession[]) =>
  Object.fromEntries(
    [7, 8].map((epoch) => [`pairing ${epoch}`, pairings.find((one) => one.epoch === epoch)?.phase]),
  );

const maxPeersOf = (maxPeers: number, { pingIntervalMs }: SessionSettings) =>
  pingIntervalMs === 0 ? 0 : maxPeers;

/** By machine, if its examples alone lead too far, or not far enough. */
export const tableOptions: { readonly [machine: string]: TableOptions } = {
  session: {
    // A pairing is reported once, and only if there is a seat for it. A session without pings has no peers.
    isOfInterest: ({ pairings, maxPeers, settings }) =>
      (pairings as unknown[]).length <= maxPeersOf(maxPeers as number, settings as SessionSettings),
    view: ({ pairings, id: _id, ...context }) => ({
      ...context,
      pairings: Object.fromEntries((pairings as PairingOfSession[]).map((one) => [one.epoch, one.peerId])),
      ...phases(pairings as PairingOfSession[]),
    }),
    inputs: [
      {
        id: 'me',
        maxPeers: 1,
        isResumable: true,
        may: 'pair key join create lead turn',
        settings: { pingIntervalMs: 0, pingTimeoutMs: 0, resumeGraceMs: 0 },
      },
    ],
  },
  negotiation: {
    // The two regions are nearly independent, so retries of one are combined with only one kind of the other.
    isOfInterest: ({ attempts, candidatesRefused, restarts, isPolite }) =>
      candidatesRefused === 0 && (attempts === 0 || (attempts === 1 && restarts === 0 && isPolite === true)),
  },
  room: {
    view: ({ members, ...context }) => ({
      ...context,
      members: (members as { id: string }[]).map(({ id }) => id),
    }),
  },
  edge: { isOfInterest: ({ attempts }) => (attempts as number) <= 2 },
};
