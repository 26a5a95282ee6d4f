/** A peer in Python, on aiortc, that knows only the seeds' protocol, with one on werift. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, it } from '@jest/globals';
import { event, testPeer } from '../support/peers/werift-peers.ts';
import { startTestServer } from '../support/servers/test-server.ts';

const running: ChildProcessWithoutNullStreams[] = [];

/** The Python peer; `told` waits for the next of what it says happened. */
function aiortcPeer(...args: string[]) {
  // The system's Python, for which Debian's packages are.
  const child = spawn('/usr/bin/python3', ['test/interop/aiortc_peer.py', ...args]);
  running.push(child);
  let errors = '';
  child.stderr.on('data', (data) => {
    errors += data;
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async told(name: string): Promise<Record<string, unknown>> {
      const { value, done } = await lines.next();
      if (done) throw new Error(`it ended before '${name}': ${errors}`);
      const { event, ...fields } = JSON.parse(value);
      if (event !== name) throw new Error(`it told '${value}' before '${name}'`);
      return fields;
    },
    exited: () => once(child, 'exit').then(([code]) => code),
  };
}

afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
});

describe('a Python peer on aiortc with one on werift', () => {
  it('opens a channel and chats when the Python peer is the initiator', async () => {
    const { server } = await startTestServer();
    const werift = await testPeer(server.url);
    const received = event(werift, 'message');
    const python = aiortcPeer(server.url, werift.id as string, '--say', 'hello from Python');
    const { id } = await python.told('ready');
    expect(await python.told('paired')).toEqual({ peer_id: werift.id, initiator: true });
    expect(await python.told('open')).toEqual({ label: 'chat' });
    expect(await received).toBe('hello from Python');
    const echoed = event(werift, 'message');
    await werift.send('hello from Node');
    expect(await python.told('message')).toEqual({ text: 'hello from Node' });
    expect(await echoed).toBe('echo: hello from Node');
    expect(werift.peerId).toBe(id);
  });

  it('opens a channel and chats when the werift peer is the initiator', async () => {
    const { server } = await startTestServer();
    const werift = await testPeer(server.url);
    const python = aiortcPeer(server.url);
    const { id } = await python.told('ready');
    const echoed = event(werift, 'message');
    await werift.pair({ id: id as string });
    expect(await python.told('paired')).toEqual({ peer_id: werift.id, initiator: false });
    expect(await python.told('open')).toEqual({ label: 'chat' });
    await werift.opened();
    await werift.send('hello from Node');
    expect(await python.told('message')).toEqual({ text: 'hello from Node' });
    expect(await echoed).toBe('echo: hello from Node');
    const exited = python.exited();
    werift.unpair();
    expect(await python.told('peer_disconnected')).toEqual({ peer_id: werift.id });
    expect(await exited).toBe(0);
  });
});
