/** Hosted machines in Stately's inspector: by its own bridge, its own sender and its own receiver. */
import http from 'node:http';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import {
  createWebSocketInspector,
  createWebSocketReceiver,
  type StatelyInspectionEvent,
} from '@statelyai/inspect';
import { createInspectorServer } from '@statelyai/inspect/server';
import { createActor, createMachine } from 'xstate';
import { inspectWith } from '../../../src/inspector/index.ts';
import { chartOf, Hosted, MachineHost, pairingMachine, StepQueue } from '../../../src/machines/index.ts';
import type { PairingContext, PairingEvent } from '../../../src/machines/pairing/pairing-machine.ts';
import { freePort } from '../../../tools/free-port.ts';

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

type Message = StatelyInspectionEvent & { readonly transitions?: string[]; readonly refused?: string[] };

/** Stately's bridge with its sender and its receiver, and what the receiver got. */
async function bridge() {
  const port = await freePort();
  const url = `ws://127.0.0.1:${port}`;
  const made = jest.spyOn(http, 'createServer');
  ends.push(createInspectorServer({ port, autoOpen: false }).stop);
  // Neither the bridge nor the receiver has a way to end a connection.
  const server = made.mock.results[0]?.value as http.Server;
  server.on('connection', (socket) => ends.push(() => socket.destroy()));
  made.mockRestore();
  const { adapter } = createWebSocketInspector({ url });
  ends.push(() => adapter.stop());
  const received: Message[] = [];
  let changed = () => {};
  // The bridge keeps what came before a receiver did.
  createWebSocketReceiver({ server: url }).subscribe((message) => {
    received.push(message as Message);
    changed();
  });
  return {
    adapter,
    /** All that came, once there are so many. */
    async first(count: number): Promise<readonly Message[]> {
      while (received.length < count)
        await new Promise<void>((resolve) => {
          changed = resolve;
        });
      return received;
    },
  };
}

function pairingHost() {
  const names = Object.keys(pairingMachine.implementations.actions);
  return new MachineHost<typeof pairingMachine, Hosted<PairingContext>>(pairingMachine, {
    queue: new StepQueue(),
    executors: Object.fromEntries(names.map((name) => [name, () => {}])) as never,
    onError: (_instance, error) => {
      throw error;
    },
  });
}

describe('inspectWith', () => {
  it('shows a session to Stately’s receiver: what it is, its events, its states, edges taken and guards that refused', async () => {
    const { adapter, first } = await bridge();
    const host = pairingHost();
    const stop = inspectWith(host, adapter, {
      redact: (value) => ({ ...(value as object), initiatorId: 'hidden' }),
    });
    const pairing = new Hosted<PairingContext>();
    const dispatch = (event: PairingEvent) => host.dispatch(pairing, event);
    host.start(pairing, { initiatorId: 'secret', responderId: 'b', epoch: 7 });
    dispatch({ type: 'FORMED', from: 'initiator' });
    dispatch({ type: 'OFFER_RECEIVED', from: 'initiator', epoch: 6 });
    dispatch({ type: 'PEER_LOST', from: 'initiator', reason: 'disconnected' });
    stop();
    host.start(new Hosted<PairingContext>(), { initiatorId: 'a', responderId: 'b', epoch: 8 });

    const messages = await first(8);
    expect(messages.map(({ type }) => type)).toEqual([
      '@xstate.actor',
      ...['@xstate.event', '@xstate.snapshot'],
      ...['@xstate.event', '@xstate.snapshot'],
      '@xstate.event',
      ...['@xstate.event', '@xstate.snapshot'],
    ]);
    const snapshots = messages.flatMap((one) => (one.type === '@xstate.snapshot' ? [one.snapshot] : []));
    expect(snapshots).toMatchObject([
      { status: 'active', value: 'forming' },
      { status: 'active', value: 'paired' },
      { status: 'done', value: 'disconnected' },
    ]);
    expect(messages[3]?.transitions).toEqual(['pairing.forming --FORMED#0--> pairing.paired']);
    expect(messages[5]?.refused).toContain('isCurrentEpoch');
    expect(new Set(messages.map(({ sessionId }) => sessionId))).toEqual(new Set(['pairing:1']));
    expect(JSON.stringify(messages)).not.toContain('secret');
    const [actor] = messages;
    if (actor?.type !== '@xstate.actor') throw new Error('the first message is not of an actor');
    // What Stately draws the chart from.
    const drawn = createMachine(JSON.parse(actor.definition as string));
    expect(chartOf(drawn as never)).toEqual(chartOf(pairingMachine));
    expect(createActor(drawn).start().getSnapshot().value).toBe('forming');
  });
});
