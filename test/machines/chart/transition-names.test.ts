import { describe, expect, it } from '@jest/globals';
import { nameTransitions } from '../../../src/machines/chart/transition-names.ts';
import type { PairingContext } from '../../../src/machines/index.ts';
import { type Executors, Hosted, MachineHost, StepQueue } from '../../../src/machines/index.ts';
import { pairingMachine } from '../../../src/machines/pairing/pairing-machine.ts';
import { sessionMachine } from '../../../src/machines/session/session-machine.ts';

describe("a transition's name", () => {
  it('says source, event, index and target', () => {
    const names = [...nameTransitions(pairingMachine).values()];
    expect(names).toContain('pairing --UNPAIR_RECEIVED#0--> pairing.disconnected');
    expect(names).toContain('pairing.negotiating.offered --OFFER_RECEIVED#1-->');
    expect([...nameTransitions(sessionMachine).values()]).toContain(
      'session.present.socket.online.heard --after pingInterval#0--> session.present.socket.online.pinged',
    );
  });

  it.each([sessionMachine, pairingMachine])('is its own alone in $id', (machine) => {
    const names = [...nameTransitions(machine).values()];
    expect(new Set(names).size).toBe(names.length);
  });

  it("is found by what a host's step says was taken", () => {
    const nothing = () => {};
    const executors = new Proxy(
      {},
      { get: () => nothing, getOwnPropertyDescriptor: () => ({ configurable: true }) },
    );
    const host = new MachineHost<typeof pairingMachine, Hosted<PairingContext>>(pairingMachine, {
      executors: executors as Executors<typeof pairingMachine, Hosted<PairingContext>>,
      queue: new StepQueue(),
      onError: (_instance, error) => {
        throw error;
      },
    });
    const names = nameTransitions(pairingMachine);
    const taken: (string | undefined)[][] = [];
    host.observer = (step) => taken.push(step.transitions.map((transition) => names.get(transition)));
    const pairing = new Hosted<PairingContext>();
    host.start(pairing, { initiatorId: 'initiator', responderId: 'responder', epoch: 1 });
    host.dispatch(pairing, { type: 'FORMED', from: 'initiator' });
    host.dispatch(pairing, { type: 'OFFER_RECEIVED', from: 'initiator', epoch: 1 });
    host.dispatch(pairing, { type: 'UNPAIR_RECEIVED', from: 'responder', epoch: 1 });
    expect(taken.slice(1)).toEqual([
      ['pairing.forming --FORMED#0--> pairing.paired'],
      ['pairing.paired --OFFER_RECEIVED#1--> pairing.negotiating'],
      ['pairing --UNPAIR_RECEIVED#0--> pairing.disconnected'],
    ]);
    expect(taken[0]?.filter((name) => name !== undefined)).toEqual([]);
  });
});
