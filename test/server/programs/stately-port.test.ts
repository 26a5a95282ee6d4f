/** `--stately-inspect`: what Stately's own receiver, and our page, are told of the machines of a server. */
import { once } from 'node:events';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createWebSocketReceiver, type StatelyInspectionEvent } from '@statelyai/inspect';
import { WebSocket } from 'ws';
import type { ProgramsMessage } from '../../../src/inspector/stately/program-messages.ts';
import { candidateMessage, hostCandidate, SECRETS, sdp } from '../../support/clients/signal-fixtures.ts';
import { startTestServer, type TestServer } from '../../support/servers/test-server.ts';

const sockets: WebSocket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.terminate();
});

type Told = StatelyInspectionEvent & { readonly transitions?: string[]; readonly refused?: string[] };

/** Stately's receiver, and what it got; `until` waits for one of them. */
function receiverOf({ server }: TestServer) {
  const told: Told[] = [];
  let changed = () => {};
  createWebSocketReceiver({ server: `ws://127.0.0.1:${server.statelyPort}` }).subscribe((message) => {
    told.push(message as Told);
    changed();
  });
  const until = async (isIt: (message: Told) => boolean): Promise<Told> => {
    for (;;) {
      const found = told.find(isIt);
      if (found) return found;
      await new Promise<void>((resolve) => {
        changed = resolve;
      });
    }
  };
  return { told, until };
}

describe('a server with --stately-inspect', () => {
  it('tells of machines that were there, and of each step, with edges taken and guards that refused, and no secret', async () => {
    const testServer = await startTestServer({ statelyInspect: 0 });
    const [a, b] = await testServer.connectPair();
    const { told, until } = receiverOf(testServer);
    await until(({ sessionId }) => sessionId.startsWith('pairing '));
    a.send({ type: 'offer', sdp });
    await b.next('offer');
    a.send(candidateMessage(hostCandidate));
    await b.next('candidate');
    const { pairings, pairingHost } = testServer.server.parts;
    const [pairing] = pairings;
    if (!pairing) throw new Error('there is no pairing');
    // Of an epoch that is over: nothing comes of it.
    pairingHost.dispatch(pairing, { type: 'OFFER_RECEIVED', from: 'initiator', epoch: 0 } as never);

    const taken = await until(
      ({ transitions }) => transitions?.some((name) => name.includes('OFFER_RECEIVED')) ?? false,
    );
    expect(taken).toMatchObject({
      type: '@xstate.event',
      event: { type: 'OFFER_RECEIVED', from: 'initiator' },
    });
    const refused = await until((message) => (message.refused?.length ?? 0) > 0);
    expect(refused.type).toBe('@xstate.event');
    const actors = told.filter(({ type }) => type === '@xstate.actor').map(({ sessionId }) => sessionId);
    expect(actors.filter((name) => name.startsWith('session '))).toHaveLength(2);
    const all = JSON.stringify(told);
    for (const secret of [...Object.values(SECRETS), sdp]) expect(all).not.toContain(secret);
  });

  it('shows them in its page', async () => {
    const testServer = await startTestServer({ statelyInspect: 0, inspect: false });
    await testServer.connectPair();
    const page = new WebSocket(`ws://127.0.0.1:${testServer.server.statelyPort}/feed`);
    sockets.push(page);
    const actors: string[] = [];
    page.on('message', (data) => {
      const message: ProgramsMessage = JSON.parse(String(data));
      if (message.type === 'actors')
        actors.push(...message.changed.map(({ name }) => name.split(' ')[0] ?? ''));
    });
    while (actors.length < 3) await once(page, 'message');
    expect(actors.sort()).toEqual(['pairing', 'session', 'session']);
  });

  it('listens at the loopback address alone, refuses other names, and is off unless asked for', async () => {
    const { server } = await startTestServer({ statelyInspect: 0, host: ['127.0.0.1'] });
    const answer = await fetch(`http://127.0.0.1:${server.statelyPort}/`, {
      headers: { 'x-forwarded-for': '192.0.2.1' },
    });
    expect(answer.status).toBe(403);
    expect((await startTestServer()).server.statelyPort).toBe(0);
  });

  it('says which option to change when its port is taken', async () => {
    const { server } = await startTestServer({ statelyInspect: 0 });
    await expect(startTestServer({ statelyInspect: server.statelyPort })).rejects.toThrow(
      '--stately-inspect',
    );
  });
});
