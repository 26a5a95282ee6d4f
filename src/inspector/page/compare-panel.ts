/** Compares the record with a good one, the page's own or one that the user chooses: where they first differ. */
import type { PairingRecord } from '../../protocol/inspect/inspect-messages.ts';
import { differencesFrom } from '../records/comparison.ts';
import { parseRecord, RecordError } from '../records/record.ts';
import { nameOfRecord } from '../records/record-as-markdown.ts';
import { button, h, keepChildren } from './dom.ts';
import { samples } from './samples.ts';

/** @param choose called with the lines that show a difference */
export function comparePanel(
  record: () => PairingRecord,
  choose: (evidence: readonly number[]) => void,
): HTMLElement {
  let good = parseRecord(samples.good?.text ?? '');
  const beside = h('p', { class: 'about' });
  const list = h('ol', { class: 'differences' });
  const show = (name: string) => {
    beside.textContent = `Beside ${name}:`;
    const differences = differencesFrom(good, record());
    keepChildren(
      list,
      differences.length === 0
        ? [h('li', {}, 'It went the same way.')]
        : differences.map(({ text, index }) =>
            h('li', {}, index === undefined ? text : button(text, () => choose([index]))),
          ),
    );
  };
  const file = h('input', {
    type: 'file',
    accept: '.jsonl',
    async change() {
      const [chosen] = file.files ?? [];
      if (!chosen) return;
      try {
        good = parseRecord(await chosen.text());
        show(nameOfRecord(good.header));
      } catch (error) {
        if (!(error instanceof RecordError)) throw error;
        beside.textContent = `${chosen.name}: ${error.message}`;
      }
    },
  });
  const element = h(
    'details',
    {
      class: 'compare',
      toggle() {
        if (element.open) show('the sample of a good one');
      },
    },
    h('summary', {}, 'Compare'),
    h('div', {}, beside, list, h('label', { class: 'file' }, 'With another record ', file)),
  );
  return element;
}
