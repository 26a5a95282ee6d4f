/**
 * A decision that was observed many times, as the fewest rows that say which outcome it has when: facts that it does
 * not depend on are left out.
 */

/** Facts that come together, such as those of an event; equal ones are the same object: see {@link FactBook}. */
export interface FactPart {
  readonly id: number;
  /** By name, as text. */
  readonly values: ReadonlyMap<string, string>;
}

/** The facts under which a decision was made. Equal facts are the same object. */
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

/** Interns equal facts, so that comparing a hundred thousand of them only compares objects. */
export class FactBook {
  readonly #parts = new Map<string, FactPart>();
  readonly #facts = new Map<string, Facts>();

  /** @param values with their names in a fixed order */
  part(values: ReadonlyMap<string, string>): FactPart {
    const key = [...values].flat().join('\n');
    const part = this.#parts.get(key) ?? { id: this.#parts.size, values };
    this.#parts.set(key, part);
    return part;
  }

  /** @param parts without duplicate names; the most relevant ones for a reader first */
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

/** For each decisive fact, the values that a row covers. */
interface Row {
  readonly when: readonly ReadonlySet<string>[];
  readonly outcome: string;
}

/** How a missing fact is written. */
export const ABSENT = '-';

export class Decision {
  readonly #outcomes = new Map<Facts, string>();

  /** @throws if the same facts led to another outcome before: then the decision depends on something else as well */
  note(facts: Facts, outcome: string): void {
    const known = this.#outcomes.get(facts);
    if (known === undefined) this.#outcomes.set(facts, outcome);
    else if (known !== outcome) throw new Error(`the same led to ${known} and to ${outcome}: ${facts}`);
  }

  get #seen(): Observation[] {
    return [...this.#outcomes].map(([facts, outcome]) => ({ facts, outcome }));
  }

  /** The outcome if it does not depend on the facts; otherwise undefined. */
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

/** The facts without which different outcomes would look the same; of alternatives, the first. */
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

/** Merges rows that differ in one fact only, fact after fact. */
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
