/** Three records that come with the page: a good pairing, and two failures that people ask about. */
import blocked from '../samples/blocked-udp.jsonl';
import glare from '../samples/glare.jsonl';
import good from '../samples/good.jsonl';
import { h } from './dom.ts';

interface Sample {
  readonly title: string;
  readonly text: string;
}

export const samples: Readonly<Record<string, Sample>> = {
  good: { title: 'A good one', text: good },
  'blocked-udp': { title: 'UDP is blocked', text: blocked },
  glare: { title: 'Both offer at once', text: glare },
};

export function sampleMenu(): HTMLElement {
  return h(
    'details',
    { class: 'samples' },
    h('summary', {}, 'Samples'),
    h(
      'div',
      {},
      ...Object.entries(samples).map(([name, { title }]) => h('a', { href: `#/sample/${name}` }, title)),
    ),
  );
}
