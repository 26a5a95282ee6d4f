/** A dialect that is off is not loaded. */
import { describe, expect, it } from '@jest/globals';
import { runNode } from '../../support/servers/cli-process.ts';

const PROGRAM = `
  const { startServer } = await import('./dist/server/index.js');
  await (await startServer({ port: 0, logLevel: 'silent', ...JSON.parse(process.argv[1]) })).stop();
  process.exit();`;

/** The parts of dialects that a server loads with these options; and of packages, those that only a dialect needs. */
async function loadedWith(options: object): Promise<string[]> {
  const modules = ['--import', './test/support/servers/list-modules.mjs'];
  const run = runNode([...modules, '--input-type=module', '-e', PROGRAM, JSON.stringify(options)]);
  expect(`${await run.exited()} ${run.stderr.replaceAll(/^loaded .*\n/gm, '')}`).toBe('0 ');
  const parts = [
    ...run.stderr.matchAll(/^loaded .*\/(server\/dialects\/[\w-]+\/|server\/signaling\/topics\/)/gm),
  ];
  return [...new Set(parts.map(([, part]) => part as string))].sort();
}

const NATIVE = 'server/dialects/native/';

describe('a server', () => {
  it.each([
    [{}, []],
    [{ peerjs: true }, ['server/dialects/peerjs/']],
    [{ topics: true }, ['server/dialects/topics/', 'server/signaling/topics/']],
    [{ rooms: true }, ['server/dialects/socket-io/']],
  ])('with %j loads no other dialects than its own wire and these: %j', async (options, dialects) => {
    expect(await loadedWith(options)).toEqual([NATIVE, ...dialects].sort());
  });
});
