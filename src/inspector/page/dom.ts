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

/** The events that each element listens to. */
const listensTo = new WeakMap<Element, readonly string[]>();

function fill<Made extends Element>(element: Made, props: Props, children: readonly Child[]): Made {
  const events: string[] = [];
  for (const [name, value] of Object.entries(props)) {
    if (typeof value === 'function') {
      // A property, so that an element that is kept can take it over from the one that would have replaced it.
      Reflect.set(element, `on${name}`, value);
      events.push(name);
    } else if (value !== undefined && value !== false)
      element.setAttribute(name, value === true ? '' : String(value));
  }
  if (events.length > 0) listensTo.set(element, events);
  element.append(...children.filter((child) => child !== undefined));
  return element;
}

/**
 * Makes the children of an element look like those wanted. A child with the same tag and `data-key` as a wanted one
 * stays, and is changed where it differs, with its own children: so focus, selection and a click in progress survive.
 * Children that come, go or change their order need a key.
 */
export function keepChildren(parent: Element, wanted: readonly (Node | string)[]): void {
  const given = new Set<unknown>(wanted);
  const left = [...parent.childNodes];
  const kept = wanted.map((node) => {
    const next = typeof node === 'string' ? document.createTextNode(node) : node;
    const at = left.findIndex((old) => old === next || (!given.has(old) && isSame(old, next)));
    const [old] = at === -1 ? [] : left.splice(at, 1);
    if (!old) return next;
    if (old !== next) change(old, next);
    return old;
  });
  for (const node of left) node.remove();
  placeInOrder(parent, kept);
}

function isSame(old: Node, next: Node): boolean {
  if (!(old instanceof Element && next instanceof Element)) return old.nodeName === next.nodeName;
  return old.tagName === next.tagName && old.getAttribute('data-key') === next.getAttribute('data-key');
}

function change(old: Node, next: Node): void {
  if (!(old instanceof Element && next instanceof Element)) {
    if (old.nodeValue !== next.nodeValue) old.nodeValue = next.nodeValue;
    return;
  }
  for (const name of old.getAttributeNames()) if (!next.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of next.attributes)
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  const events = listensTo.get(next) ?? [];
  for (const name of [...(listensTo.get(old) ?? []), ...events])
    Reflect.set(old, `on${name}`, Reflect.get(next, `on${name}`));
  listensTo.set(old, events);
  keepChildren(old, [...next.childNodes]);
}

/**
 * A node that is moved loses its focus, and a click that has begun on it: the one that has them stays, and the others
 * are moved around it.
 */
function placeInOrder(parent: Element, nodes: readonly Node[]): void {
  const own = nodes.filter((node) => node.parentNode === parent);
  const held =
    own.find((node) => node instanceof Element && node.matches(':active')) ??
    own.find((node) => node.contains(document.activeElement));
  let at = parent.firstChild;
  for (const node of nodes) {
    if (node === at || node === held) at = node.nextSibling;
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
