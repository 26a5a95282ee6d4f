/** Runs cases one after another, each with its own connections, and reports each result. */
import type { Case, Level, Trial } from './case.ts';
import { Deviation, expectFit } from './deviation.ts';
import { type Target, Wire } from './wire.ts';

export interface Verdict {
  readonly name: string;
  readonly level: Level;
  readonly result: 'pass' | 'fail' | 'skipped';
  /** For a failed case: what was done, expected and received; for a skipped one: why. */
  readonly when?: string;
  readonly expected?: string;
  readonly got?: string;
  readonly why?: string;
}

export interface RunOptions extends Target {
  readonly level: Level;
  /** The same seed gives the same walks. */
  readonly seed: number;
}

/** Random numbers that repeat for the same seed (Marsaglia's xorshift32). */
function randomOf(seed: number): Trial['random'] {
  let state = (seed | 0) ^ 0x9e3779b9 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

class Connections {
  readonly #target: Target;
  readonly #wires: Wire[] = [];

  constructor(target: Target) {
    this.#target = target;
  }

  readonly open = async (query = '', first?: object): Promise<Wire> => {
    const wire = new Wire(this.#target, query);
    this.#wires.push(wire);
    if (first) await wire.opened(`it connected with ?${query}`);
    if (first) wire.send(first);
    const when = query === '' ? 'it connected' : `it connected with ?${query}`;
    wire.greeting = await wire.next(when);
    expectFit(when, { type: 'your_id' }, wire.greeting);
    return wire;
  };

  readonly pair = async (): Promise<[Wire, Wire]> => {
    const [a, b] = [await this.open(), await this.open()];
    a.send({ type: 'pair_request', target_id: b.id });
    expectFit(
      'it asked for another',
      { type: 'paired', initiator: true },
      await a.next('it asked for another'),
    );
    expectFit(
      'another asked for it',
      { type: 'paired', initiator: false },
      await b.next('another asked for it'),
    );
    return [a, b];
  };

  async close(): Promise<void> {
    await Promise.all(this.#wires.map((wire) => wire.close()));
  }
}

async function tryCase(one: Case, options: RunOptions): Promise<Verdict> {
  const { name, level } = one;
  const connections = new Connections(options);
  const { open, pair } = connections;
  try {
    // Each case has its own numbers, so that it behaves the same alone and among all others.
    const random = randomOf(options.seed ^ hashOf(name));
    const why = await one.run({ level: options.level, open, pair, random });
    return typeof why === 'string'
      ? { name, level, result: 'skipped', why }
      : { name, level, result: 'pass' };
  } catch (error) {
    if (!(error instanceof Deviation)) throw error;
    const { when, expected, got } = error;
    return { name, level, result: 'fail', when, expected, got };
  } finally {
    await connections.close();
  }
}

function hashOf(text: string): number {
  let hash = 0;
  for (const character of text) hash = (Math.imul(hash, 31) + (character.codePointAt(0) ?? 0)) | 0;
  return hash;
}

/** @param told called with each verdict as soon as it is known */
export async function runCases(
  cases: readonly Case[],
  options: RunOptions,
  told: (verdict: Verdict) => void,
): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  for (const one of cases) {
    if (one.level === 'full' && options.level === 'seed') continue;
    const verdict = await tryCase(one, options);
    verdicts.push(verdict);
    told(verdict);
  }
  return verdicts;
}
