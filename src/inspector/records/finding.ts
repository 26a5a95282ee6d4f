/** One sentence about what a record shows. */
export interface Finding {
  /** `note`: normal, and nothing needs to be done. */
  readonly kind: 'good' | 'bad' | 'open' | 'note';
  readonly text: string;
  /** Indexes of the record's lines that show it. */
  readonly evidence?: readonly number[];
  /** What to do about it. */
  readonly remedy?: string;
}
