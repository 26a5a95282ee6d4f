/** What others can import of the machines; and that no machine is left out where all are tested. */

import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { StateMachine } from 'xstate';
import { chartTable } from '../../src/inspector/charts/chart-table.ts';
import * as exported from '../../src/machines/index.ts';
import { gatedMachines } from '../support/machines/gated-machines.ts';
import { machineCases } from '../support/machines/machine-cases.ts';

it('what can be imported of the machines is these names, and a new one is a line here', () => {
  expect(Object.keys(exported).sort()).toEqual([
    'Hosted',
    'MachineHost',
    'NO_TIMER',
    'StepQueue',
    'TimerWheel',
    'absentPeerExamples',
    'absentPeerMachine',
    'authorizationExamples',
    'authorizationMachine',
    'chartOf',
    'compareMembers',
    'deliveryExamples',
    'deliveryMachine',
    'edgeExamples',
    'edgeMachine',
    'effect',
    'eventOf',
    'nameTransitions',
    'negotiationExamples',
    'negotiationMachine',
    'nodeLinkExamples',
    'nodeLinkMachine',
    'pairingExamples',
    'pairingMachine',
    'relayLinkExamples',
    'relayLinkMachine',
    'remotePlayerExamples',
    'remotePlayerMachine',
    'remoteSessionExamples',
    'remoteSessionMachine',
    'roomExamples',
    'roomMachine',
    'sessionExamples',
    'sessionMachine',
  ]);
});

describe('no machine is left out', () => {
  const machines = Object.values(exported).filter((value) => value instanceof StateMachine);
  const idsOf = (listed: Iterable<{ readonly id: string }>) => [...listed].map(({ id }) => id).sort();

  it.each([
    ['has a chart', Object.values(chartTable)],
    [
      'has examples, with which the laws and the contract are tested',
      machineCases.map(([, { machine }]) => machine),
    ],
    ['has its transitions counted by the gate', gatedMachines],
  ])('every one that can be imported %s', (_list, listed) => {
    expect(idsOf(listed)).toEqual(idsOf(machines));
    expect(new Set<unknown>(listed)).toEqual(new Set<unknown>(machines));
  });

  /** Copies of a machine that a host is given, the code that a chart is printed as, and machines of programs that are shown. */
  const ofOthers = [
    'machines/host/xstate-marked.ts',
    'inspector/charts/xstate-config.ts',
    'inspector/stately/program-chart.ts',
  ];

  it('every file that creates one is a machine of that name, which can be imported', () => {
    const root = new URL('../../src/', import.meta.url);
    const creating = readdirSync(root, { recursive: true, encoding: 'utf8' })
      .filter(
        (file) =>
          /\.tsx?$/.test(file) && /(?<!#)\bcreateMachine\(/.test(readFileSync(new URL(file, root), 'utf8')),
      )
      .filter((file) => !ofOthers.includes(file));
    expect(creating.sort()).toEqual(machines.map(({ id }) => `machines/${id}/${id}-machine.ts`).sort());
  });
});
