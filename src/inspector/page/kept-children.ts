/** The children of an element that has hundreds: what is drawn again, and compared, is only what depends on new facts. */
import { keepChildren } from './dom.ts';

interface Kept {
  readonly facts: string;
  readonly element: Element;
}

export class KeptChildren<Item> {
  readonly #parent: Element;
  readonly #keyOf: (item: Item) => string;
  readonly #factsOf: (item: Item) => unknown;
  readonly #make: (item: Item) => Element;
  #kept = new Map<string, Kept>();

  /**
   * @param parent has no other children
   * @param keyOf tells items apart; also the `data-key` of their elements
   * @param factsOf all that an item's element depends on, as JSON
   */
  constructor(
    parent: Element,
    keyOf: (item: Item) => string,
    factsOf: (item: Item) => unknown,
    make: (item: Item) => Element,
  ) {
    this.#parent = parent;
    this.#keyOf = keyOf;
    this.#factsOf = factsOf;
    this.#make = make;
  }

  show(items: readonly Item[]): void {
    const known = items.map((item) => {
      const facts = JSON.stringify(this.#factsOf(item));
      const kept = this.#kept.get(this.#keyOf(item));
      return { facts, element: kept?.facts === facts ? kept.element : this.#make(item) };
    });
    keepChildren(
      this.#parent,
      known.map(({ element }) => element),
    );
    // Those that stayed were changed in place, and look like the ones that were made for them.
    const { children } = this.#parent;
    this.#kept = new Map(
      known.map(({ facts }, at) => [
        this.#keyOf(items[at] as Item),
        { facts, element: children[at] as Element },
      ]),
    );
  }
}
