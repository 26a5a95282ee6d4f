/** The page's elements, by their ids in index.html. */

/** @throws when the page has none, or one of another kind */
export function element<E extends Element = HTMLElement>(id: string, kind?: new () => E): E {
  const found = document.getElementById(id);
  if (!found || (kind && !(found instanceof kind))) throw new Error(`the page has no fitting #${id}`);
  return found as unknown as E;
}
