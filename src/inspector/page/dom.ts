/** Elements in one expression. Text is always set as text: nothing that comes over the wire is ever read as HTML. */

import { describeNode } from '../records/timeline.ts';

type Child = Node | string | undefined;
type Props = Readonly<Record<string, string | number | boolean | ((event: Event) => void) | undefined>>;

/** Makes an element. Functions become listeners, `class` and the like attributes, true an attribute without a value. */
export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  props: Props = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  return fill(document.createElement(tag), props, children);
}

/** The same for a part of a drawing. */
export function svg<Tag extends keyof SVGElementTagNameMap>(
  tag: Tag,
  props: Props = {},
  ...children: Child[]
): SVGElementTagNameMap[Tag] {
  return fill(document.createElementNS('http://www.w3.org/2000/svg', tag), props, children);
}

function fill<Made extends Element>(element: Made, props: Props, children: readonly Child[]): Made {
  for (const [name, value] of Object.entries(props)) {
    if (typeof value === 'function') element.addEventListener(name, value);
    else if (value !== undefined && value !== false)
      element.setAttribute(name, value === true ? '' : String(value));
  }
  element.append(...children.filter((child) => child !== undefined));
  return element;
}

/**
 * Makes these the children of an element, and keeps those that are there already and look the same: what has the focus,
 * is selected or is being clicked stays. Listeners are not compared: it is for children that need none, or links.
 */
export function keepChildren(parent: Element, wanted: readonly (Node | string)[]): void {
  const left = [...parent.childNodes];
  const kept = wanted.map((node) => {
    const next = typeof node === 'string' ? document.createTextNode(node) : node;
    const at = left.findIndex((old) => old.isEqualNode(next));
    return at === -1 ? next : (left.splice(at, 1)[0] as Node);
  });
  for (const node of left) node.remove();
  placeInOrder(parent, kept);
}

/** Puts nodes into an element in this order; one that is at its place is not moved, for to move it takes its focus. */
export function placeInOrder(parent: Element, nodes: readonly Node[]): void {
  let at = parent.firstChild;
  for (const node of nodes) {
    if (node === at) at = at.nextSibling;
    else parent.insertBefore(node, at);
  }
}

/** @param label what it does, where its text is only a sign */
export function button(text: string, click: () => void, label?: string): HTMLButtonElement {
  return h('button', { type: 'button', click, title: label, 'aria-label': label }, text);
}

/** `1 h 5 min`, `12 s`, `340 ms`: two units at most. */
export function describeAge(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  const s = Math.floor(ms / 1_000);
  if (s < 60) return `${s} s`;
  const min = Math.floor(s / 60);
  if (min < 60) return `${min} min ${s % 60} s`;
  const hours = Math.floor(min / 60);
  return hours < 24 ? `${hours} h ${min % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** Beside a client's id: which node it is at, when that is another one. */
export function atNode(node: number | undefined): HTMLElement {
  return h('span', { class: 'at-node' }, describeNode(node));
}

/** Text that strangers chose: of any length and in any direction, and it must not move or turn what is around it. */
export function foreign(text: string): HTMLElement {
  return h('bdi', { class: 'id', title: text }, text);
}
