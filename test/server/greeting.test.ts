/** What `serve` says on a terminal: where to go. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { greetingFor, isGreeted } from '../../src/server/greeting.ts';
import { lanHosts } from '../../src/server/lan-addresses.ts';
import { defaultServerOptions } from '../../src/server/options.ts';
import { pairlaneInTerminal } from '../support/servers/pty.ts';
import { startTestServer } from '../support/servers/test-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'pairlane-greeting-'));
afterAll(() => rmSync(folder, { recursive: true }));

const plain = { isTTY: false };
const address = (family: 'IPv4' | 'IPv6', text: string, internal = false) =>
  ({ family, address: text, internal, netmask: '', mac: '', cidr: null, scopeid: 0 }) as never;
const interfaces = {
  lo: [address('IPv4', '127.0.0.1', true), address('IPv6', '::1', true)],
  eth0: [address('IPv4', '192.168.1.5'), address('IPv6', 'fe80::1'), address('IPv6', '2001:db8::5')],
};

describe('the greeting', () => {
  it('names page, inspector and clients, says that others are kept out, and how to let them in', () => {
    expect(greetingFor(defaultServerOptions, 8765, plain)).toBe(
      [
        '',
        '  Page       http://localhost:8765/',
        '  Inspector  http://localhost:8765/inspect/  this computer only',
        '  Clients    ws://localhost:8765/',
        '  Network    this computer only; --host 0.0.0.0 lets others in',
        '  Records    failed pairings, in memory; --record DIR keeps all as files',
        '',
        '',
      ].join('\n'),
    );
  });

  it('names the addresses in the network, by TLS and below a base path, and the records that there are', () => {
    writeFileSync(join(folder, 'one.jsonl'), '');
    const options = {
      ...defaultServerOptions,
      ...{ host: ['0.0.0.0'], basePath: '/signal', tlsCert: 'x', record: folder, inspectToken: 'hidden' },
    };
    const text = greetingFor(options, 443, plain, ['192.168.1.5']);
    expect(text).toContain('Clients    wss://localhost:443/signal/\n');
    expect(text).toContain('Network    https://192.168.1.5:443/signal/\n');
    expect(text).toContain(`Records    ${folder}  1 so far\n`);
    expect(text).not.toContain('hidden');
  });

  it('says that nothing is recorded without the inspector', () => {
    const text = greetingFor({ ...defaultServerOptions, inspect: false }, 8765, plain);
    expect(text).toContain('Inspector  off (--no-inspect)\n');
    expect(text).toContain('Records    none; --record DIR keeps all as files\n');
  });

  it('is for people: not for a program that reads the log, nor where nothing is logged', () => {
    const isTTY = { isTTY: true };
    expect(isGreeted(defaultServerOptions, isTTY)).toBe(true);
    expect(isGreeted(defaultServerOptions, plain)).toBe(false);
    expect(isGreeted({ ...defaultServerOptions, logFormat: 'json' }, isTTY)).toBe(false);
    expect(isGreeted({ ...defaultServerOptions, logLevel: 'silent' }, isTTY)).toBe(false);
  });

  it('is what serve shows on a terminal', async () => {
    const terminal = pairlaneInTerminal('serve', '--port', '0');
    const [, port] = await terminal.shows(/Page +http:\/\/localhost:(\d+)\//);
    await terminal.shows(`ws://localhost:${port}/`);
  });
});

describe('the addresses in the network', () => {
  it.each([
    [['127.0.0.1', '::1', 'localhost', 'unix:/run/x.sock'], []],
    [['0.0.0.0'], ['192.168.1.5']],
    [['::'], ['192.168.1.5']],
    [
      ['10.0.0.1', '2001:db8::9'],
      ['10.0.0.1', '[2001:db8::9]'],
    ],
  ])('of a server on %j are %j', (hosts, expected) => {
    expect(lanHosts(hosts, interfaces)).toEqual(expected);
  });

  it('are IPv6 where there is nothing else', () => {
    const onlyIPv6 = { eth0: [address('IPv6', '2001:db8::5')] };
    expect(lanHosts(['::'], onlyIPv6)).toEqual(['[2001:db8::5]']);
    expect(lanHosts(['0.0.0.0'], onlyIPv6)).toEqual([]);
  });

  it('are told to the page on this machine alone, with whether there is a relay', async () => {
    const { server } = await startTestServer({
      host: ['0.0.0.0'],
      publicHost: ['*'],
      turnUrl: ['turn:turn.example.com'],
      turnSecret: 'x'.repeat(20),
    });
    const ask = async (headers: Record<string, string>) =>
      (await fetch(`http://127.0.0.1:${server.port}/site.json`, { headers })).json();
    expect(await ask({})).toEqual({
      hasTurn: true,
      lan: lanHosts(['0.0.0.0']).map((host) => `http://${host}:${server.port}/`),
    });
    expect(await ask({ 'x-forwarded-for': '203.0.113.5' })).toEqual({ hasTurn: true });
  });
});
