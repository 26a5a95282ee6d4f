/** `pairlane serve --drain-ms` as a process: signals, its end, and the server after it. */
import { describe, expect, it } from '@jest/globals';
import { RawClient } from '../../support/clients/raw-client.ts';
import { ResumableClient } from '../../support/clients/resumable-client.ts';
import { pairlane } from '../../support/servers/cli-process.ts';
import { expectAllHeard, pairedOn, Restartable } from '../../support/servers/restartable-server.ts';

async function started(drainMs: number) {
  const run = pairlane(['serve', '--port', '0', '--drain-ms', String(drainMs)]);
  const [, port] = await run.printed(/Server starting on [^:]+:(\d+)/);
  return { run, url: `ws://127.0.0.1:${port}/`, port };
}

/** What all three rounds say together is less than may wait for a client: one that only listens may not have acked it yet. */
const MOST_WAITING = 64;

describe('pairlane serve --drain-ms', () => {
  it('2000 sends its clients away one after another on SIGTERM, and exits 0 when the last one is gone', async () => {
    const { run, url } = await started(2_000);
    const clients = [
      ...(await Promise.all([1, 2, 3, 4].map(() => ResumableClient.connect(url)))),
      await RawClient.connect(url),
    ];
    run.child.kill('SIGTERM');
    expect(await run.exited()).toBe(0);
    for (const client of clients) {
      expect((await client.whenClosed()).code).toBe(1012);
      expect(client.inbox.map(({ type }) => type)).toEqual(['restarting']);
    }
    expect(run.stdout).toMatch(/Draining: 5 clients go within 2000 ms/);
    expect(run.stdout).toMatch(/Draining: [1-4] of 5 clients left/);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('ends at once on a second signal, %s', async (signal) => {
    const { run, url } = await started(600_000);
    const clients = [await RawClient.connect(url), await RawClient.connect(url)];
    run.child.kill('SIGTERM');
    await clients[0]?.whenClosed();
    run.child.kill(signal);
    expect(await run.exited()).toBe(0);
    expect(clients.map(({ closed }) => closed?.code)).toEqual([1012, 1001]);
  });

  it('stays quick on Ctrl+C', async () => {
    const { run, url } = await started(600_000);
    const client = await RawClient.connect(url);
    run.child.kill('SIGINT');
    expect((await client.whenClosed()).code).toBe(1001);
    expect(await run.exited()).toBe(0);
  });

  it('ends with 0 after POST /drain, too', async () => {
    const { run, url, port } = await started(500);
    const client = await RawClient.connect(url);
    expect((await fetch(`http://127.0.0.1:${port}/drain`, { method: 'POST' })).status).toBe(202);
    expect((await client.whenClosed()).code).toBe(1012);
    expect(await run.exited()).toBe(0);
  });
});

describe('a drain and a restart with the same secret', () => {
  it('lose no message in flight and double none, and the pairing stands', async () => {
    const server = await new Restartable(['--drain-ms', '500']).start();
    const clients = await pairedOn(server);
    const ids = [clients.a.id, clients.b.id];
    const said = { a: 0, b: 0 };
    const say = (who: 'a' | 'b') => {
      said[who] += 1;
      clients[who].send({ type: 'candidate', candidate: { candidate: `${who} ${said[who]}` } });
    };
    for (let round = 0; round < 3; round += 1) {
      const ending = server.end('SIGTERM');
      // Both talk on until they are sent away, first the one and then the other.
      const most = said.a + MOST_WAITING;
      while (!clients.a.closed || !clients.b.closed) {
        if (said.a < most) {
          say('a');
          say('b');
        }
        await new Promise((resolve) => setImmediate(resolve));
      }
      expect([clients.a.closed.code, clients.b.closed.code]).toEqual([1012, 1012]);
      expect(await ending).toBe(0);
      await server.start(new URL(server.url).port);
      const order = round % 2 === 0 ? (['a', 'b'] as const) : (['b', 'a'] as const);
      for (const who of order) clients[who] = await clients[who].comeBack(server.url);
    }
    await expectAllHeard(clients, said);
    expect([clients.a.id, clients.b.id]).toEqual(ids);
  });
});
