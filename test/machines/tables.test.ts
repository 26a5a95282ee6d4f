/**
 * Each machine against its table in tables/, which a person has reviewed: it is the oracle that the generated tests,
 * which follow the machine wherever it goes, are not. A change of a machine is a line of its table in the same commit.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { tableOf } from '../../src/testing/machines/machine-table.ts';
import { machineCases } from '../support/machines/machine-cases.ts';
import { tableOptions } from '../support/machines/table-options.ts';

/** Writes the tables anew instead of comparing: `PAIRLANE_WRITE_TABLES=1 npx jest test/machines/tables.test.ts`. */
const IS_WRITING = process.env.PAIRLANE_WRITE_TABLES === '1';
const FOLDER = new URL('tables/', import.meta.url);

describe('a machine does what its table says, and nothing else', () => {
  it.each(machineCases)('%s', (name, machineCase) => {
    const file = new URL(`${name}.txt`, FOLDER);
    const text = tableOf(machineCase, tableOptions[name]);
    if (IS_WRITING) writeFileSync(file, text);
    expect(text.split('\n')).toEqual(readFileSync(file, 'utf8').split('\n'));
  });

  it('no table is left of a machine that is gone', () => {
    expect(readdirSync(FOLDER).sort()).toEqual(machineCases.map(([name]) => `${name}.txt`).sort());
  });
});
