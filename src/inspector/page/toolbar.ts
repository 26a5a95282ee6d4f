/**
 * The tools in the page's header: full charts, samples, opening a record, the doctor, help. On a narrow screen they
 * form a menu.
 */
import { button, h } from './dom.ts';
import { sampleMenu } from './samples.ts';

export interface ToolActions {
  setFull(isFull: boolean): void;
  open(file: File | undefined): void;
  doctor(): void;
  help(): void;
  /** Shown where the server lets the page disturb it. */
  readonly chaos: HTMLElement;
}

export function toolbar({ setFull, open, doctor, help, chaos }: ToolActions): HTMLElement[] {
  const file = h('input', {
    type: 'file',
    id: 'file',
    accept: '.jsonl',
    change: () => open(file.files?.[0]),
  });
  const details = h('input', { type: 'checkbox', id: 'details', change: () => setFull(details.checked) });
  return [
    h('button', { type: 'button', class: 'menu', popovertarget: 'tools' }, 'Menu'),
    h(
      'div',
      { id: 'tools', class: 'tools', popover: 'auto' },
      h('label', {}, details, ' Guards and actions'),
      sampleMenu(),
      h('label', { class: 'file' }, 'Open a record ', file),
      button('Doctor', doctor),
      chaos,
      button('?', help, 'Help'),
    ),
  ];
}
