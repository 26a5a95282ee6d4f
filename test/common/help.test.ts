/** The pages of help, as they stand on a terminal and in a pipe. */
import { describe, expect, it } from '@jest/globals';
import { helpFor, helpWidth } from '../../src/common/help.ts';
import { serveOptionGroups } from '../../src/server/option-groups.ts';
import { serveOptions } from '../../src/server/options.ts';

const page = {
  usage: 'pairlane serve [options]',
  about: 'Start the signaling server.\nCtrl+C ends it.\n\n  a line that is set in',
  options: serveOptions,
  groups: serveOptionGroups,
  examples: [['pairlane serve --port 9000', 'on another port']],
} as const;

describe('a page of help', () => {
  it.each([40, 80, 100])('has no line over %i columns on a terminal of so many', (columns) => {
    const lines = helpFor(page, helpWidth({ columns })).split('\n');
    expect(lines.filter((line) => line.length > columns)).toEqual([]);
  });

  it('is at most 100 columns wide, however wide the terminal is, and in a pipe has a line an option', () => {
    expect(helpWidth({ columns: 300 })).toBe(100);
    const lines = helpFor(page, helpWidth({})).split('\n');
    for (const { help } of Object.values(serveOptions))
      expect(lines.filter((line) => line.startsWith('  --') && line.includes(help))).toHaveLength(1);
  });

  it('says the same on a terminal as in a pipe', () => {
    const words = (width: number) => helpFor(page, width).split(/\s+/).sort();
    expect(words(80)).toEqual(words(Number.POSITIVE_INFINITY));
  });

  it('keeps lines that are set in, and has its examples at the end', () => {
    const text = helpFor(page, 80);
    expect(text).toContain('Start the signaling server. Ctrl+C ends it.\n\n  a line that is set in\n');
    expect(text).toMatch(/\n\nExamples:\n {2}pairlane serve --port 9000\n {6}on another port\n$/);
  });

  it('of the server has each option in exactly one group', () => {
    const grouped = Object.values(serveOptionGroups).flat().sort();
    expect(grouped).toEqual(Object.keys(serveOptions).sort());
  });

  it('says which options can be given more than once', () => {
    const lines = helpFor(page, Number.POSITIVE_INFINITY).split('\n');
    const repeated = lines.filter(
      (line) => line.includes('; more than once; ') || line.includes('[more than once; '),
    );
    const lists = Object.values(serveOptions).filter(({ kind }) => kind === 'list');
    expect(repeated).toHaveLength(lists.length);
    for (const { help } of lists) expect(repeated.join()).toContain(help);
  });

  it('has the file of a secret below the secret', () => {
    expect(helpFor(page, Number.POSITIVE_INFINITY)).toMatch(
      /--jwt-secret SECRET .*\n {2}--jwt-secret-file FILE /,
    );
  });
});
