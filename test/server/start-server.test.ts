/** What a program is told that starts a server with options that do not do what they are for. */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { LocalBusHub } from '../../src/server/cluster/bus/local-bus.ts';
import { startServer } from '../../src/server/index.ts';
import { runNode } from '../support/servers/cli-process.ts';
import { startSilentServer } from '../support/servers/silent-server.ts';
import { startTestServer } from '../support/servers/test-server.ts';

async function warningsOf(options: object): Promise<string[]> {
  const { log } = await startTestServer(options);
  return log.filter(({ event }) => event === 'secret_warning').map(({ msg }) => msg);
}

describe('startServer', () => {
  it('warns of a secret of 19 characters, says how to make one, and does not repeat it', async () => {
    const secret = 'correct-horse-batte';
    const warnings = await warningsOf({ secret });
    expect(warnings).toEqual([expect.stringContaining('openssl rand -base64 24')]);
    expect(warnings.join()).not.toContain(secret);
  });

  it.each([
    ['a secret of 20 characters', { secret: 'x'.repeat(20) }],
    ['none, and nothing that needs one', {}],
  ])('does not warn of %s', async (_, options) => {
    expect(await warningsOf(options)).toEqual([]);
  });

  it('refuses a hook that is not among the options: it would be ignored, and everybody let in', async () => {
    const parts = { authorize: () => false, hooks: { authorize: () => false } };
    await expect(startServer({ port: 0, logLevel: 'silent' }, parts as object)).rejects.toThrow(
      'authorize: not a part of a server; options and hooks belong in the first argument',
    );
  });

  it('warns that nobody comes back after a drain without a secret', async () => {
    expect(await warningsOf({ drainMs: 1_000 })).toEqual([expect.stringContaining('after the drain')]);
  });

  it('leaves nothing behind that keeps the program running when its port is taken', async () => {
    const port = await startSilentServer();
    const options = {
      ...{ port, healthPort: 0, rooms: true, topics: true, peerjs: true, logLevel: 'silent' },
      ...{ otlpUrl: 'http://127.0.0.1:9', record: '.cache/records' },
      ...{ eventWebhook: 'http://127.0.0.1:9/', webhookSecret: Buffer.alloc(32).toString('base64') },
    };
    const program = `
      import { startServer } from './dist/server/index.js';
      await startServer(${JSON.stringify(options)}).catch((error) => console.log(error.message));`;
    const run = runNode(['--input-type=module', '--eval', program]);
    await run.printed(/the port is taken/);
    expect(await run.exited()).toBe(0);
  });

  it.each([
    ['a file', 'package.json', 'EEXIST'],
    ['below a file', 'package.json/records', 'ENOTDIR'],
    ['where no folders are made', '/proc/records', 'ENOENT'],
  ])('says in one line that --record is no folder: %s', async (_what, record, code) => {
    await expect(startTestServer({ record })).rejects.toThrow(
      `--record: ${record} is no folder that can be written (${code})`,
    );
  });

  it('leaves its health port free when its number is that of another node', async () => {
    const hub = new LocalBusHub();
    await startTestServer({ node: 7 }, { bus: hub.bus(7) });
    const probe = createServer().listen(0, '127.0.0.1');
    await once(probe, 'listening');
    const { port: healthPort } = probe.address() as AddressInfo;
    probe.close();
    await once(probe, 'close');
    await expect(startTestServer({ node: 7, healthPort }, { bus: hub.bus(7) })).rejects.toThrow('7');
    probe.listen(healthPort, '127.0.0.1');
    await once(probe, 'listening');
    probe.close();
  });
});
