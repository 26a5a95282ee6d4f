/** The fates of an area's mutants, and the report on them. */
import type { Mutant } from './mutate.ts';

export type Fate = 'killed' | 'timed out' | 'does not compile' | 'survived';

export class Score {
  /** The name of the area or machine. */
  readonly of: string;
  /** The share that has to be reached. */
  readonly target: number;
  readonly counts: Record<Fate, number> = { killed: 0, 'timed out': 0, 'does not compile': 0, survived: 0 };
  readonly survivors: Mutant[] = [];

  constructor(of: string, target: number) {
    this.of = of;
    this.target = target;
  }

  add(mutant: Mutant, fate: Fate): void {
    this.counts[fate] += 1;
    if (fate === 'survived') this.survivors.push(mutant);
  }

  /** The share of compiling mutants that a test noticed; undefined if none was tried. */
  get share(): number | undefined {
    const noticed = this.counts.killed + this.counts['timed out'];
    const counted = noticed + this.counts.survived;
    return counted === 0 ? undefined : noticed / counted;
  }

  get isMet(): boolean {
    return this.share !== undefined && this.share >= this.target;
  }

  toString(): string {
    const { killed, survived, 'timed out': timedOut, 'does not compile': invalid } = this.counts;
    const percent = (share: number) => `${Math.floor(share * 1000) / 10} %`;
    const share = this.share === undefined ? 'not measured' : percent(this.share);
    return [
      `${this.of}: ${share} (target ${percent(this.target)}); ${killed} killed, ` +
        `${timedOut} killed by time-out, ${survived} survived, ${invalid} do not compile`,
      ...this.survivors.map(describe),
    ].join('\n');
  }

  toJSON(): object {
    const survivors = this.survivors.map(({ file, line, change }) => ({ file, line, change }));
    return { of: this.of, share: this.share, target: this.target, ...this.counts, survivors };
  }
}

export function describe({ file, line, change }: Mutant): string {
  return `  survived: ${file}:${line}  ${change}`;
}
