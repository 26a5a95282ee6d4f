import { describe, expect, it } from '@jest/globals';
import {
  decideReturn,
  type NodesSay,
  type ReturnDecision,
  type ReturnFacts,
} from '../../../../src/server/dialects/native/decide-return.ts';

const nothing: ReturnFacts = {
  nodes: 'alone',
  isWaiting: true,
  isHere: false,
  fitsSession: false,
  fitsLostSession: false,
  isRestoreWindowOpen: false,
};

const table: readonly (readonly [string, Partial<ReturnFacts>, ReturnDecision])[] = [
  ['its session is here and fits', { isHere: true, fitsSession: true }, 'resume'],
  ['the same, beside other nodes', { nodes: 'unasked', isHere: true, fitsSession: true }, 'resume'],
  [
    'its session came here while others were asked',
    { nodes: 'lost', isHere: true, fitsSession: true },
    'resume',
  ],
  ['its session is here, and the secret is wrong', { isHere: true }, 'refuse'],
  ['the same, beside other nodes, which are not asked', { nodes: 'unasked', isHere: true }, 'refuse'],
  ['its session is not here', { nodes: 'unasked' }, 'fetch'],
  ['the same, with a secret of an earlier process', { nodes: 'unasked', fitsLostSession: true }, 'fetch'],
  ['another node gives the session away', { nodes: 'moved' }, 'adopt'],
  ['the same, and the client is gone', { nodes: 'moved', isWaiting: false }, 'adopt'],
  ['another node gives away what is here already', { nodes: 'moved', isHere: true }, 'refuse'],
  ['another node does not answer', { nodes: 'late', fitsLostSession: true }, 'retry'],
  ['another node does not answer, and the client is gone', { nodes: 'late', isWaiting: false }, 'ignore'],
  ['nobody has it, and the secret is good', { nodes: 'lost', fitsLostSession: true }, 'restore'],
  ['nobody has it, and the secret is not', { nodes: 'lost' }, 'refuse'],
  ['it is refused elsewhere, whatever the secret', { nodes: 'refused', fitsLostSession: true }, 'refuse'],
  [
    'nobody has it, and the client is gone',
    { nodes: 'lost', fitsLostSession: true, isWaiting: false },
    'ignore',
  ],
  ['the server restarted lately', { fitsLostSession: true, isRestoreWindowOpen: true }, 'restore'],
  ['the server restarted lately, and the secret is wrong', { isRestoreWindowOpen: true }, 'refuse'],
  ['the server has been up for long', { fitsLostSession: true }, 'refuse'],
];

describe('a client that comes back', () => {
  it.each(table)('when %s', (_when, facts, decision) => {
    expect(decideReturn({ ...nothing, ...facts })).toBe(decision);
  });

  it('never gets a session whose secret it does not have', () => {
    const flags = [false, true];
    for (const nodes of ['alone', 'unasked', 'late', 'lost', 'refused'] satisfies NodesSay[])
      for (const isWaiting of flags)
        for (const isHere of flags)
          for (const isRestoreWindowOpen of flags) {
            const facts = { ...nothing, nodes, isWaiting, isHere, isRestoreWindowOpen };
            expect(['resume', 'restore', 'adopt']).not.toContain(decideReturn(facts));
          }
  });
});
