/** A decision that was seen often, as the fewest rows that say when it comes out how: what it does not depend on is left out. */

/** Some facts that come together, such as those of an event; the same ones are the same object: see {@link FactBook}. */
export interface FactPart {
  readonly id: number;
  /** By name, as text. */
  readonly values: ReadonlyMap<string, string>;
}

/** What was so when a decision was made. The same facts are the same object. */
export class Facts {
  readonly #parts: readonly FactPart[];

  constructor(parts: readonly FactPart[]) {
    this.#parts = parts;
  }

  get(name: string): string {
    for (const { values } of this.#parts) {
      const value = values.get(name);
      if (value !== undefined) return value;
    }
    return ABSENT;
  }

  get names(): string[] {
    return this.#parts.flatMap(({ values }) => [...values.keys()]);
  }

  toString(): string {
    return this.names.map((name) => `${name}=${this.get(name)}`).join(' ');
  }
}

/** Knows facts that are the same: to compare a hundred thousand of them is then to compare objects. */
export class FactBook {
  readonly #parts = new Map<string, FactPart>();
  readonly #facts = new Map<string, Facts>();

  /** @param values with their names in the order that they always have */
  part(values: ReadonlyMap<string, string>): FactPart {
    const key = [...values].flat().join('\n');
    const part = this.#parts.get(key) ?? { id: this.#parts.size, values };
    this.#parts.set(key, part);
    return part;
  }

  /** @param parts no two with the same name; a reader looks for the first ones first */
  facts(...parts: readonly FactPart[]): Facts {
    const key = parts.map(({ id }) => id).join(' ');
    const facts = this.#facts.get(key) ?? new Facts(parts);
    this.#facts.set(key, facts);
    return facts;
  }
}

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
  readonly #outcomes = new Map<Facts, string>();

  /** @throws when the same facts led to something else before: then they are not all that it depends on */
  note(facts: Facts, outcome: string): void {
    const known = this.#outcomes.get(facts);
    if (known === undefined) this.#outcomes.set(facts, outcome);
    else if (known !== outcome) throw new Error(`the same led to ${known} and to ${outcome}: ${facts}`);
  }

  get #seen(): Observation[] {
    return [...this.#outcomes].map(([facts, outcome]) => ({ facts, outcome }));
  }

  /** What comes out whatever the facts are; undefined where it depends on them. */
  get always(): string | undefined {
    const outcomes = new Set(this.#outcomes.values());
    return outcomes.size === 1 ? [...outcomes][0] : undefined;
  }

  /** The one fact whose value is always the outcome. */
  get copiedFact(): string | undefined {
    const all = this.#seen;
    return (all[0]?.facts.names ?? []).find((name) =>
      all.every(({ facts, outcome }) => facts.get(name) === outcome),
    );
  }

  /** `fact=value|value other=value: outcome`, by outcome. */
  get rows(): string[] {
    const all = this.#seen;
    const names = decisiveFacts(all);
    const values = names.map((name) => new Set(all.map(({ facts }) => facts.get(name))));
    const rows = new Map<string, Row>();
    for (const { facts, outcome } of all)
      rows.set(textOf(facts, names), {
        when: names.map((name) => new Set([facts.get(name)])),
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

function textOf(facts: Facts, names: readonly string[]): string {
  let text = '';
  for (const name of names) text += `${facts.get(name)}\n`;
  return text;
}

/** The facts without which different outcomes would look the same; where some would do in place of others, the first. */
function decisiveFacts(all: readonly Observation[]): string[] {
  let names = [...new Set(all.flatMap(({ facts }) => facts.names))];
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
