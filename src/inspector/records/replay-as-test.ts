/** A record as a jest test: what happened once must then always happen. */
import { printableJson } from '../../common/printable.ts';
import { isStep, type PairingRecord } from '../../protocol/index.ts';
import { linesOf } from './record.ts';
import { isReplayed } from './replayed-lines.ts';

/** @param module that the test imports `replay` from */
export function testFrom(record: PairingRecord, module: string): string {
  const { initiator_id, responder_id, epoch } = record.header;
  const lines = record.lines.filter((line) => isReplayed(record.header, line));
  const rows = linesOf({ ...record, lines }).map((line) => `  ${printableJson(line)},`);
  return [
    '/** Made by `pairlane replay --as-test` from a recorded pairing. */',
    "import { expect, it } from '@jest/globals';",
    `import { type PairingRecord, replay } from ${printableJson(module)};`,
    '',
    'const [header, ...lines] = [',
    ...rows,
    '] as const;',
    '',
    `it(${printableJson(`takes the states that pairing ${epoch} of ${initiator_id} and ${responder_id} took`)}, () => {`,
    '  const { steps, parting } = replay({ header, lines } as unknown as PairingRecord);',
    '  expect(parting).toBeUndefined();',
    `  expect(steps).toBe(${lines.filter(isStep).length});`,
    '});',
    '',
  ].join('\n');
}
