/** A decision that was seen often, as the fewest rows that say when it comes out how: what it does not depend on is left out. */

/** By name, as text: what was so when a decision was made. */
export interface Facts {
  readonly values: ReadonlyMap<string, string>;
  /** The same for the same values. */
  readonly key: string;
}

export const keyed = (values: ReadonlyMap<string, string>): Facts => ({
  values,
  key: [...values].flat().join('\n'),
});

interface Observation {
  readonly facts: Facts;
  readonly outcome: string;
}

/** Of each fact that matters the values that a row is for. */
interface Row {
  readonly when: readonly ReadonlySet<string>[];
  readonly outcome: string;
}

/** How a fact is written that there was not. */
export const ABSENT = '-';

export class Decision {
  readonly #seen = new Map<string, Observation>();

  /** @throws when the same facts led to something else before: then they are not all that it depends on */
  note(facts: Facts, outcome: string): void {
    const known = this.#seen.get(facts.key);
    if (known && known.outcome !== outcome)
      throw new Error(`the same led to ${known.outcome} and to ${outcome}: ${facts.key}`);
    if (!known) this.#seen.set(facts.key, { facts, outcome });
  }

  /** What comes out whatever the facts are; undefined where it depends on them. */
  get always(): string | undefined {
    const outcomes = new Set([...this.#seen.values()].map(({ outcome }) => outcome));
    return outcomes.size === 1 ? [...outcomes][0] : undefined;
  }

  /** The one fact whose value is always the outcome. */
  get copiedFact(): string | undefined {
    const all = [...this.#seen.values()];
    return [...(all[0]?.facts.values.keys() ?? [])].find((name) =>
      all.every(({ facts, outcome }) => facts.values.get(name) === outcome),
    );
  }

  /** `fact=value|value other=value: outcome`, by outcome. */
  get rows(): string[] {
    const all = [...this.#seen.values()];
    const names = decisiveFacts(all);
    const values = names.map((name) => new Set(all.map(({ facts }) => readingOf(facts, name))));
    const rows = new Map<string, Row>();
    for (const { facts, outcome } of all)
      rows.set(textOf(facts, names), {
        when: names.map((name) => new Set([readingOf(facts, name)])),
        outcome,
      });
    return merge([...rows.values()], names.length)
      .map(({ when, outcome }) => {
        const said = names.flatMap((name, n) => {
          const allowed = when[n] as ReadonlySet<string>;
          return allowed.size === values[n]?.size ? [] : [`${name}=${[...allowed].sort().join('|')}`];
        });
        return said.length === 0 ? outcome : `${said.join(' ')}: ${outcome}`;
      })
      .sort();
  }
}

const readingOf = (facts: Facts, name: string) => facts.values.get(name) ?? ABSENT;

const textOf = (facts: Facts, names: readonly string[]) =>
  JSON.stringify(names.map((name) => readingOf(facts, name)));

/** The facts without which different outcomes would look the same; where some would do in place of others, the first. */
function decisiveFacts(all: readonly Observation[]): string[] {
  let names = [...new Set(all.flatMap(({ facts }) => [...facts.values.keys()]))];
  for (const name of [...names].reverse()) {
    const others = names.filter((other) => other !== name);
    if (decide(all, others)) names = others;
  }
  return names;
}

function decide(all: readonly Observation[], names: readonly string[]): boolean {
  const outcomes = new Map<string, string>();
  for (const { facts, outcome } of all) {
    const key = textOf(facts, names);
    if ((outcomes.get(key) ?? outcome) !== outcome) return false;
    outcomes.set(key, outcome);
  }
  return true;
}

/** Rows that differ in one fact only become one row, fact after fact. */
function merge(rows: readonly Row[], facts: number): readonly Row[] {
  let merged = rows;
  for (let fact = facts - 1; fact >= 0; fact -= 1) {
    const groups = new Map<string, Row>();
    for (const row of merged) {
      const others = row.when.map((values, n) => (n === fact ? [] : [...values].sort()));
      const key = JSON.stringify([others, row.outcome]);
      const same = groups.get(key);
      const when = row.when.map((values, n) =>
        n === fact ? new Set([...(same?.when[n] ?? []), ...values]) : values,
      );
      groups.set(key, { when, outcome: row.outcome });
    }
    merged = [...groups.values()];
  }
  return merged;
}
