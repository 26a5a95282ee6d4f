import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { fitConnectionLimits } from '../../../src/server/http/descriptors.ts';
import { freePort } from '../../../tools/free-port.ts';
import { RawClient } from '../../support/clients/raw-client.ts';
import { pairlane, type Run, runNode } from '../../support/servers/cli-process.ts';

/** Lets a process have so many file descriptors from here on. */
function allowDescriptors({ child }: Run, count: number): void {
  execFileSync('prlimit', ['--pid', String(child.pid), `--nofile=${count}:`]);
}

describe('the connection limits', () => {
  it.each([
    ['stay when they fit', 1_000, [500, 100], [500, 100]],
    ['stay when nothing limits descriptors', undefined, [0, 0], [0, 0]],
    ['share what there is, HTTP a quarter', 1_064, [100_000, 10_000], [750, 250]],
    ['that are none are set, too', 1_064, [0, 0], [750, 250]],
    ['leave HTTP what clients do not need', 1_064, [100, 10_000], [100, 900]],
    ['leave clients what HTTP does not need', 1_064, [100_000, 10], [990, 10]],
    ['keep half of very few descriptors', 64, [100_000, 10_000], [24, 8]],
  ])('%s', (_, descriptors, [maxConnections = 0, maxHttpConnections = 0], expected) => {
    const fitting = fitConnectionLimits({ maxConnections, maxHttpConnections }, descriptors);
    expect([fitting.maxConnections, fitting.maxHttpConnections]).toEqual(expected);
  });

  it('are lowered to what the process has descriptors for, in one line of the log', async () => {
    const run = runNode([
      '--input-type=module',
      '-e',
      `import { execFileSync } from 'node:child_process';
       import { startServer } from './dist/server/index.js';
       execFileSync('prlimit', ['--pid', process.pid, '--nofile=1064:1064']);
       const { options } = await startServer({ port: 0 });
       console.log('limits', options.maxConnections, options.maxHttpConnections);`,
    ]);
    const line = /1064 file descriptors: it accepts 750 clients .* 250 other/g;
    await Promise.all([run.printed(/limits 750 250/), run.printed(new RegExp(line.source))]);
    expect(run.stdout.match(line)).toHaveLength(1);
  });
});

describe('without file descriptors', () => {
  it.each([
    ['one that was asked for', freePort],
    ['one that the system chose', async () => 0],
  ])(
    'closes the port and says so once, keeps its clients, and opens the same port, %s, when some are back',
    async (_, choose) => {
      const run = pairlane(['serve', '--port', String(await choose())]);
      await run.printed(/Server starting on/);
      const port = Number(/Server starting on 127\.0\.0\.1:(\d+)/.exec(run.stdout)?.[1]);
      const client = await RawClient.connect(`ws://127.0.0.1:${port}/`);
      allowDescriptors(run, 3);
      await run.printed(/"level":50,.*Out of file descriptors/);
      const refused = connect(port, '127.0.0.1');
      expect(await errorOf(refused)).toBe('ECONNREFUSED');
      client.send({ type: 'create_key' });
      await client.next('key');
      allowDescriptors(run, 1_000);
      await run.printed(/the port is open/);
      await RawClient.connect(`ws://127.0.0.1:${port}/`);
      expect(run.stdout.match(/Out of file descriptors/g)).toHaveLength(1);
    },
  );
});

async function errorOf(socket: Socket): Promise<unknown> {
  const [error] = await once(socket, 'error');
  return error.code;
}
