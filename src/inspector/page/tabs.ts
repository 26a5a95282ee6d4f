/** On a narrow screen the panes of a workspace become tabs; page.css shows them where they are needed. */
import { h } from './dom.ts';

export function tabs(owner: HTMLElement, titles: Readonly<Record<string, string>>): HTMLElement {
  const buttons = Object.entries(titles).map(([name, title]) =>
    h(
      'button',
      { type: 'button', 'aria-pressed': String(owner.dataset.tab === name), click: () => choose(name) },
      title,
    ),
  );
  const names = Object.keys(titles);
  const choose = (name: string) => {
    owner.dataset.tab = name;
    buttons.forEach((each, i) => {
      each.setAttribute('aria-pressed', String(names[i] === name));
    });
  };
  return h('div', { class: 'tabs', role: 'group', 'aria-label': 'Panes' }, ...buttons);
}
