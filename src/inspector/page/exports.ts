/** Exports of a record: as its file, as a jest test, as Markdown for an issue, as a mermaid diagram. */
import type { PairingRecord } from '../../protocol/inspect/inspect-messages.ts';
import { linesOf } from '../records/record.ts';
import { markdownOf, sequenceAsMermaid } from '../records/record-as-markdown.ts';
import { testFrom } from '../records/replay-as-test.ts';
import { button, h } from './dom.ts';

const SAID_MS = 1_500;

export function exportButtons(record: () => PairingRecord): HTMLElement {
  const copies = (text: string, made: () => string) => {
    const element = button(text, async () => {
      try {
        await navigator.clipboard.writeText(made());
        element.textContent = 'Copied';
      } catch {
        save(`${text}.txt`, made());
        element.textContent = 'Saved';
      }
      setTimeout(() => {
        element.textContent = text;
      }, SAID_MS);
    });
    return element;
  };
  const download = button('Download', () =>
    save(`pairing-${record().header.epoch}.jsonl`, jsonlOf(record())),
  );
  return h(
    'details',
    { class: 'exports' },
    h('summary', {}, 'Export'),
    h(
      'div',
      {},
      download,
      copies('Copy as jest test', () => testFrom(record(), 'pairlane/inspector')),
      copies('Copy as Markdown', () => markdownOf(record())),
      copies('Copy as Mermaid', () => sequenceAsMermaid(record())),
    ),
  );
}

function jsonlOf(record: PairingRecord): string {
  return `${linesOf(record)
    .map((line) => JSON.stringify(line))
    .join('\n')}\n`;
}

function save(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/plain' }));
  h('a', { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
