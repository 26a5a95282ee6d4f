/** One sentence on what a record shows. */
export interface Finding {
  /** `note`: normal, and nothing to do about it. */
  readonly kind: 'good' | 'bad' | 'open' | 'note';
  readonly text: string;
  /** The record's lines that show it, by index. */
  readonly evidence?: readonly number[];
  /** What to do about it. */
  readonly remedy?: string;
}
