/** The help dialog: the keys, and what is where. */
import { h } from './dom.ts';

const keys = {
  '← →': 'to the change before, after',
  'Shift ← →': 'to the message before, after',
  'p n': 'to the problem before, after',
  Space: 'play, pause',
  l: 'live: follow what happens',
  '/': 'search',
  '?': 'this help',
  '+ − 0': 'in a chart or the timeline: larger, smaller, all of it',
} as const;

export function helpDialog(): HTMLDialogElement {
  const close = h('button', { type: 'button', click: () => dialog.close() }, 'Close');
  const dialog = h(
    'dialog',
    { 'aria-labelledby': 'help-title' },
    h('h2', { id: 'help-title' }, 'Keys'),
    h('dl', {}, ...Object.entries(keys).flatMap(([key, text]) => [h('dt', {}, key), h('dd', {}, text)])),
    h(
      'p',
      {},
      'In the timeline: click to go there, drag to zoom in, wheel to zoom, double click for the whole.',
    ),
    h('p', {}, 'Drop a record (.jsonl) anywhere to open it, or put its address behind ?record= in the URL.'),
    close,
  );
  return dialog;
}
