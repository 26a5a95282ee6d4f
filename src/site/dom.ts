/** The page's elements, by their ids in index.html. */

/** @throws if the page has no such element, or one of another kind */
export function element<E extends Element = HTMLElement>(id: string, kind?: new () => E): E {
  const found = document.getElementById(id);
  if (!found || (kind && !(found instanceof kind))) throw new Error(`the page has no fitting #${id}`);
  return found as unknown as E;
}
