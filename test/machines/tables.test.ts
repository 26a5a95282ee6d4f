/**
 * Each machine against its table in tables/, which a person has reviewed: it is the oracle that the generated tests,
 * which follow the machine wherever it goes, are not. A change of a machine is a line of its table in the same commit.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import type { PairingOfSession, SessionSettings } from '../../src/machines/session/session-events.ts';
import { type TableOptions, tableOf } from '../../src/testing/machines/machine-table.ts';
import { machineCases } from '../support/machines/machine-cases.ts';

/** Writes the tables anew instead of comparing: `PAIRLANE_WRITE_TABLES=1 npx jest test/machines/tables.test.ts`. */
const IS_WRITING = process.env.PAIRLANE_WRITE_TABLES === '1';
const FOLDER = new URL('tables/', import.meta.url);

/** Of the two epochs that the examples of a session have. */
const phases = (pairings: readonly PairingOfSession[]) =>
  Object.fromEntries(
    [7, 8].map((epoch) => [`pairing ${epoch}`, pairings.find((one) => one.epoch === epoch)?.phase]),
  );

const maxPeersOf = (maxPeers: number, { pingIntervalMs }: SessionSettings) =>
  pingIntervalMs === 0 ? 0 : maxPeers;

/** By machine, where its examples alone lead too far, or not far enough. */
const options: { readonly [machine: string]: TableOptions } = {
  session: {
    // A pairing is told once, and only where there is a place for it. Never pinged is one session without peers.
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
        settings: { pingIntervalMs: 0, pingTimeoutMs: 0, resumeGraceMs: 0 },
      },
    ],
  },
  negotiation: {
    // The two regions know little of each other: how often the one tries again matters with one kind of the other.
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

describe('a machine does what its table says, and nothing else', () => {
  it.each(machineCases)('%s', (name, machineCase) => {
    const file = new URL(`${name}.txt`, FOLDER);
    const text = tableOf(machineCase, options[name]);
    if (IS_WRITING) writeFileSync(file, text);
    expect(text.split('\n')).toEqual(readFileSync(file, 'utf8').split('\n'));
  });

  it('no table is left of a machine that is gone', () => {
    expect(readdirSync(FOLDER).sort()).toEqual(machineCases.map(([name]) => `${name}.txt`).sort());
  });
});
