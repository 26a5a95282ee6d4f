/** What is counted of the messages of native clients, and what they cost. */
import { describe, expect, it } from '@jest/globals';
import type { NativeClient } from '../../../../src/server/dialects/native/native-client.ts';
import type { ServerSession } from '../../../../src/server/signaling/session.ts';
import { RawClient } from '../../../support/clients/raw-client.ts';
import { startTestServer } from '../../../support/servers/test-server.ts';

describe('a message', () => {
  it('is counted by its type and its bytes as they came, and a ping by its bytes', async () => {
    const { server, connect } = await startTestServer();
    const client = await connect();
    const { metrics } = server.parts;
    const before = metrics.bytesReceived;
    const text = '{"type":"create_key"}';
    client.send(text);
    await client.next('key');
    expect(metrics.bytesReceived - before).toBe(text.length);
    expect(metrics.received.get('create_key')).toBe(1);
    client.socket.ping('12345');
    await new Promise((resolve) => client.socket.once('pong', resolve));
    expect(metrics.bytesReceived - before).toBe(text.length + 5);
  });

  it('that tells a step of its own machine goes to who looks at its pairing', async () => {
    const { server, connectPair } = await startTestServer();
    const [a] = await connectPair();
    const steps: unknown[] = [];
    const { inspector } = server.parts;
    inspector.peerStepped = (session, step) => steps.push([(session as ServerSession).id, step]);
    const step = { machine: 'negotiation', event: { type: 'X' }, from: 'a', to: 'b' };
    a.send({ type: 'inspect', step });
    await a.settled();
    expect(steps).toEqual([[a.id, step]]);
  });

  it('by which a client leaves a room counts as many as the pairings that end with it', async () => {
    const { server } = await startTestServer({ maxMessagesPerSecond: 1, maxMessageBurst: 100 });
    const members: RawClient[] = [];
    for (let n = 0; n < 4; n += 1) {
      const client = await RawClient.connect(`${server.url}?peers=8`);
      members.push(client);
      client.send({ type: 'join_room', room: 'r', create: { topology: 'mesh' } });
      await client.next('room_joined');
    }
    const [first] = members as [RawClient];
    await first.until(() => first.inbox.filter(({ type }) => type === 'paired').length === 3, 'its pairings');
    const { rate } = (server.parts.sessions.get(first.id) as ServerSession).client as NativeClient;
    const spent = () => rate.stateAt(server.parts.queue.now).messages_ms / 1_000;
    const before = spent();
    first.inbox.length = 0;
    first.send({ type: 'leave_room', room: 'r' });
    await first.settled();
    // Its own message and the mark, and three pairings.
    expect(spent() - before).toBe(5);
  });

  it('may be more of them at once for each peer that a client has', async () => {
    const { connect } = await startTestServer({ maxMessagesPerSecond: 1, maxMessageBurst: 10 });
    const hub = await connect(4);
    const others = [await connect(), await connect()];
    for (const other of others) {
      other.send({ type: 'pair_request', target_id: hub.id });
      await hub.next('paired');
    }
    for (let n = 0; n < 10 + 64; n += 1) hub.send({ type: 'pong' });
    hub.send({ type: 'create_key' });
    expect(await hub.next('error')).toMatchObject({ code: 'too_many_messages' });
    const [one] = others as [RawClient];
    for (let n = 0; n < 9; n += 1) one.send({ type: 'pong' });
    one.send({ type: 'create_key' });
    await one.next('paired');
    expect(await one.next('error')).toMatchObject({ code: 'too_many_messages' });
  });
});
