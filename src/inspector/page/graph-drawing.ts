/** What the drawings of graphs share: hosts of a relay network, rooms, nodes. */
import { svg } from './dom.ts';
import type { Box } from './geometry.ts';

/**
 * A node that can be chosen by mouse and keyboard. A nested svg clips whatever is larger than it.
 * @param key by which the node is kept in the next drawing, see keepChildren
 */
export function nodeButton(
  { x, y, width, height }: Box,
  props: {
    readonly key: string | number;
    readonly class: string;
    readonly label: string;
    readonly isChosen: boolean;
    readonly choose: () => void;
  },
  ...children: SVGElement[]
): SVGSVGElement {
  return svg(
    'svg',
    {
      x,
      y,
      width,
      height,
      class: `node ${props.class}`,
      'data-key': props.key,
      tabindex: 0,
      role: 'button',
      'aria-label': props.label,
      'aria-pressed': String(props.isChosen),
      click: props.choose,
      keydown: (event) => {
        if (!['Enter', ' '].includes((event as KeyboardEvent).key)) return;
        event.preventDefault();
        props.choose();
      },
    },
    ...children,
  );
}

/** Cuts by whole characters, so that no surrogate pair is split. */
export function cut(text: string, chars: number): string {
  const all = Array.from(text);
  return all.length > chars ? `${all.slice(0, chars - 1).join('')}…` : text;
}

export function plural(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
}
