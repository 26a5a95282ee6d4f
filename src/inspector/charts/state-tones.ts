/** What a state means to people who wait for it: by its key, the same in charts, timeline and cards. */

export type Tone = 'good' | 'waiting' | 'lost' | 'plain';

const tones: Readonly<Record<Exclude<Tone, 'plain'>, ReadonlySet<string>>> = {
  good: new Set(['connected', 'linked', 'registered', 'joined']),
  waiting: new Set(['away', 'cutOff', 'waiting', 'restarting', 'suspended', 'pinged']),
  lost: new Set(['disconnected', 'lost', 'closed', 'gone', 'failed', 'ended', 'timedOut']),
};

/** @param id of a state as charts name it, or its key alone */
export function toneOf(id: string): Tone {
  const key = id.split('.').at(-1) ?? '';
  for (const tone of ['good', 'waiting', 'lost'] as const) if (tones[tone].has(key)) return tone;
  return 'plain';
}
