import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { readOptions } from '../../../../src/common/options.ts';
import { busProblems, createBus } from '../../../../src/server/cluster/bus/create-bus.ts';
import { NatsBus } from '../../../../src/server/cluster/bus/nats/nats-bus.ts';
import { RelayBus } from '../../../../src/server/cluster/bus/relay/relay-bus.ts';
import { serverOptions } from '../../../../src/server/options.ts';

const silent = pino({ level: 'silent' });
const optionsOf = (...args: string[]) => readOptions(serverOptions, args, {});

describe('the bus that the options ask for', () => {
  it.each([
    ['NATS with --nats', ['--nats', 'nats://localhost'], NatsBus],
    ['the relay network with --relay-port', ['--relay-port', '9000'], RelayBus],
    ['the relay network with --relay-connect', ['--relay-connect', 'localhost:9000'], RelayBus],
  ] as const)('is %s', async (_what, args, kind) => {
    expect((await createBus(optionsOf(...args), silent)).bus).toBeInstanceOf(kind);
  });

  it('is none without any: the server is alone', async () => {
    expect((await createBus(optionsOf(), silent)).bus).toBeUndefined();
  });

  it('has the number of --node, or a random one', async () => {
    expect((await createBus(optionsOf('--node', '4294967295'), silent)).node).toBe(0xffff_ffff);
    const { node } = await createBus(optionsOf(), silent);
    expect(node).toBeGreaterThan(0);
    expect((await createBus(optionsOf(), silent)).node).not.toBe(node);
  });

  it.each([
    [['--nats', 'nats://h', '--relay-port', '9'], [/^--nats: cannot be used together with --relay-port/]],
    [
      ['--nats', 'nats://h', '--relay-connect', 'h:9'],
      [/^--nats: cannot be used together with --relay-port/],
    ],
    [
      ['--nats', 'u:secret@h', '--nats-prefix', '*', '--relay-connect', 'secret'],
      [
        /^--nats: cannot/,
        /^--nats: should be a URL/,
        /^--nats-prefix: should be/,
        /^--relay-connect: should be/,
      ],
    ],
  ])('is refused for %j, with all that is wrong and no secret', async (args, problems) => {
    const told = busProblems(optionsOf(...args));
    expect(told).toEqual(problems.map((pattern) => expect.stringMatching(pattern)));
    expect(told.join()).not.toContain('secret');
    await expect(createBus(optionsOf(...args), silent)).rejects.toThrow(told[0] as string);
  });

  it('is refused with messages of more than 8 MiB, which it might not carry; without a bus they may be longer', () => {
    for (const bytes of ['8388609', '0']) {
      const more = ['--max-message-bytes', bytes];
      for (const bus of [
        ['--nats', 'nats://h'],
        ['--relay-port', '9'],
        ['--relay-connect', 'h:9'],
      ])
        expect(busProblems(optionsOf(...bus, ...more))).toEqual([
          expect.stringMatching(/^--max-message-bytes: should be at most 8388608 in a cluster/),
        ]);
      expect(busProblems(optionsOf(...more))).toEqual([]);
    }
    expect(busProblems(optionsOf('--nats', 'nats://h', '--max-message-bytes', '8388608'))).toEqual([]);
  });

  it('loads the NATS client for NATS only', async () => {
    const script = `
      const { createBus } = await import('./src/server/cluster/bus/create-bus.ts');
      const { defaultServerOptions } = await import('./src/server/options.ts');
      const { createRequire } = await import('node:module');
      await createBus({ ...defaultServerOptions, relayPort: 0 }, console);
      const loaded = Object.keys(createRequire(import.meta.url).cache).filter((file) => file.includes('nats-io'));
      await import('@nats-io/transport-node');
      const after = Object.keys(createRequire(import.meta.url).cache).filter((file) => file.includes('nats-io'));
      console.log(loaded.length, after.length > 0);`;
    const { stdout } = await promisify(execFile)('npx', ['tsx', '--input-type=module', '--eval', script]);
    expect(stdout).toBe('0 true\n');
  });
});
