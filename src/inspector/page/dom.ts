/**
 * Creates elements in one expression. Text is always set as text: nothing that comes over the wire is ever parsed as
 * HTML.
 */

import { describeNode } from '../records/timeline.ts';

type Child = Node | string | undefined;
type Props = Readonly<Record<string, string | number | boolean | ((event: Event) => void) | undefined>>;

/**
 * Creates an HTML element. Functions become listeners, other values attributes; true becomes an attribute without a
 * value.
 */
export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  props: Props = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  return fill(document.createElement(tag), props, children);
}

/** Creates an SVG element in the same way. */
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
 * Replaces the children of an element, but keeps those that already look the same, so that focus, selection and a click
 * in progress survive. Listeners are not compared: use it only for children without listeners, and for links.
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

/**
 * Puts nodes into an element in this order. A node already in its place is not moved, since moving it would take its
 * focus.
 */
export function placeInOrder(parent: Element, nodes: readonly Node[]): void {
  let at = parent.firstChild;
  for (const node of nodes) {
    if (node === at) at = at.nextSibling;
    else parent.insertBefore(node, at);
  }
}

/** @param label what it does, if its text is only a symbol */
export function button(text: string, click: () => void, label?: string): HTMLButtonElement {
  return h('button', { type: 'button', click, title: label, 'aria-label': label }, text);
}

/** `1 h 5 min`, `12 s`, `340 ms`: at most two units. */
export function describeAge(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  const s = Math.floor(ms / 1_000);
  if (s < 60) return `${s} s`;
  const min = Math.floor(s / 60);
  if (min < 60) return `${min} min ${s % 60} s`;
  const hours = Math.floor(min / 60);
  return hours < 24 ? `${hours} h ${min % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** Shown beside a client's id: its node, if that is another one. */
export function atNode(node: number | undefined): HTMLElement {
  return h('span', { class: 'at-node' }, describeNode(node));
}

/**
 * Text chosen by strangers: it may have any length and direction, and must not affect the layout or direction of what
 * is around it.
 */
export function foreign(text: string): HTMLElement {
  return h('bdi', { class: 'id', title: text }, text);
}
