/**
 * Lets tests check that the product does not walk over all clients, independently of the machine's speed: counts the
 * visits to entries of long maps, sets and arrays while something happens.
 */

/** Shorter collections do not hold all clients. */
const LONG = 1_000;

const ITERATORS = ['values', 'keys', 'entries', Symbol.iterator] as const;
const WALKS = [
  'every',
  'filter',
  'find',
  'findIndex',
  'flat',
  'flatMap',
  'forEach',
  'includes',
  'indexOf',
  'map',
] as const;
const MORE_WALKS = ['reduce', 'slice', 'some', 'sort', 'splice'] as const;

type Methods = Record<string | symbol, (this: Walked, ...args: unknown[]) => unknown>;

interface Walked {
  readonly size: number;
  readonly length: number;
}

/** @returns how many entries of long collections were visited during `work` */
export async function countVisits(work: () => Promise<unknown>): Promise<number> {
  let visits = 0;
  const undo: (() => void)[] = [];
  const replace = (
    of: object,
    name: string | symbol,
    make: (original: Methods[string]) => Methods[string],
  ) => {
    const methods = of as Methods;
    const original = methods[name] as Methods[string];
    methods[name] = make(original);
    undo.push(() => {
      methods[name] = original;
    });
  };
  for (const prototype of [Map.prototype, Set.prototype]) {
    for (const name of ITERATORS)
      replace(
        prototype,
        name,
        (original) =>
          function (this: Walked) {
            const inner = original.call(this) as Iterator<unknown>;
            if (this.size < LONG) return inner;
            return {
              next() {
                const result = inner.next();
                if (!result.done) visits += 1;
                return result;
              },
              [Symbol.iterator]() {
                return this;
              },
            };
          },
      );
    replace(
      prototype,
      'forEach',
      (original) =>
        function (this: Walked, ...args) {
          if (this.size >= LONG) visits += this.size;
          return original.apply(this, args);
        },
    );
  }
  for (const name of [...WALKS, ...MORE_WALKS])
    replace(
      Array.prototype,
      name,
      (original) =>
        function (this: Walked, ...args) {
          if (this.length >= LONG) visits += this.length;
          return original.apply(this, args);
        },
    );
  try {
    await work();
  } finally {
    for (const restore of undo.reverse()) restore();
  }
  return visits;
}
