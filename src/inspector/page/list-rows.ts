/**
 * The rows of a list. Rows that did not change are kept, so that focus, selection and clicks survive the next update.
 */
import type { ListRow } from '../../protocol/inspect/inspect-messages.ts';
import { h, placeInOrder } from './dom.ts';

type Cell = HTMLElement | string;

interface Kept {
  readonly element: HTMLTableRowElement;
  readonly cells: HTMLTableCellElement[];
}

export class ListRows {
  readonly element = h('tbody');
  #kept = new Map<string, Kept>();

  show(rows: readonly ListRow[], cellsOf: (row: ListRow) => readonly Cell[]): void {
    const now = new Map<string, Kept>();
    for (const row of rows) {
      const key = `${row.id} ${row.epoch ?? ''}`;
      const cells = cellsOf(row);
      const kept = now.has(key) ? undefined : this.#kept.get(key);
      const { element, cells: elements } = kept ?? rowOf(cells.length);
      elements.forEach((cell, i) => {
        update(cell, cells[i] ?? '');
      });
      now.set(now.has(key) ? `${key} ${now.size}` : key, { element, cells: elements });
    }
    for (const [key, { element }] of this.#kept) if (!now.has(key)) element.remove();
    placeInOrder(
      this.element,
      [...now.values()].map(({ element }) => element),
    );
    this.#kept = now;
  }
}

function rowOf(columns: number): Kept {
  const cells = Array.from({ length: columns }, () => h('td'));
  return { element: h('tr', {}, ...cells), cells };
}

/** Changes only what differs. */
function update(cell: HTMLTableCellElement, content: Cell): void {
  if (typeof content === 'string') {
    if (cell.childElementCount > 0 || cell.textContent !== content) cell.textContent = content;
    return;
  }
  const [now] = cell.children;
  if (!now?.isEqualNode(content)) cell.replaceChildren(content);
}
