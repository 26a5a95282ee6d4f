/** What `pairlane serve` prints on a terminal once it serves: where to go. */
import { readdirSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { colored, hasColors } from '../common/colors.ts';
import { listenAddresses } from '../common/listen-address.ts';
import { printable } from '../common/printable.ts';
import { lanHosts } from './lan-addresses.ts';
import type { ServerOptions } from './options.ts';

type Facts = Pick<
  ServerOptions,
  'host' | 'basePath' | 'tlsCert' | 'inspect' | 'inspectToken' | 'record' | 'logFormat' | 'logLevel'
>;

/** @returns whether people read the output: programs that read the log get only the log */
export function isGreeted({ logFormat, logLevel }: Facts, output: { readonly isTTY?: boolean }): boolean {
  return output.isTTY === true && logFormat !== 'json' && logLevel !== 'silent';
}

/**
 * @param port the one that it listens on
 * @param output where the text is written to
 * @param lan hosts by which others reach the server; see {@link lanHosts}
 */
export function greetingFor(
  options: Facts,
  port: number,
  output: { readonly isTTY?: boolean },
  lan: readonly string[] = lanHosts(options.host),
): string {
  const paint = hasColors(output) ? colored : (text: string) => text;
  const scheme = options.tlsCert === undefined ? '' : 's';
  const at = (protocol: string, host: string, path = '') =>
    `${protocol}${scheme}://${host}:${port}${options.basePath}/${path}`;
  const isReachedBySockets = listenAddresses(options.host).some(({ kind }) => kind === 'tcp');
  const rows: [name: string, text: string, note?: string][] = isReachedBySockets
    ? [
        ['Page', at('http', 'localhost')],
        ['Inspector', ...inspectorOf(options, at)],
        ['Clients', at('ws', 'localhost')],
        ...networkRows(lan.map((host) => at('http', host))),
      ]
    : [];
  rows.push(['Records', ...recordsOf(options)]);
  const lines = rows.map(([name, text, note = '']) => {
    const lead = `  ${paint(name.padEnd(10), 'dim')} `;
    const where = /^(http|ws)/.test(text) ? paint(printable(text), 'cyan') : printable(text);
    return `${lead}${where}${note === '' ? '' : paint(`  ${note}`, 'dim')}`;
  });
  return `\n${lines.join('\n')}\n\n`;
}

function networkRows(urls: readonly string[]): [string, string][] {
  if (urls.length === 0) return [['Network', 'this computer only; --host 0.0.0.0 lets others in']];
  return urls.map((url, n) => [n === 0 ? 'Network' : '', url]);
}

function inspectorOf(
  { inspect, inspectToken }: Facts,
  at: (protocol: string, host: string, path?: string) => string,
): [string, string?] {
  if (!inspect) return ['off (--no-inspect)'];
  const url = at('http', 'localhost', 'inspect/');
  return inspectToken === undefined ? [url, 'this computer only'] : [url, 'with its token'];
}

function recordsOf({ record, inspect }: Facts): [string, string?] {
  if (record === undefined)
    return [`${inspect ? 'failed pairings, in memory' : 'none'}; --record DIR keeps all as files`];
  const path = relative('.', resolve(record));
  const shown = path === '' || path.startsWith('..') ? resolve(record) : path;
  let count = 0;
  try {
    count = readdirSync(record).filter((name) => name.endsWith('.jsonl')).length;
  } catch {
    // The recorder reports what is wrong with it.
  }
  return [shown, count === 0 ? 'none yet' : `${count} so far`];
}
