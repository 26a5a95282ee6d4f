/** The names in a machine as readable words: `OFFER_RECEIVED` is "Offer received", `cutOff` is "Cut off". */
import type { Chart, ChartState } from '../../machines/chart/chart.ts';
import type { Trigger } from '../../machines/chart/transition-names.ts';

const ABBREVIATIONS = /\b(ice|sdp|id|ttl|rtc|dtls)\b/gi;

export function sentenceOf(name: string): string {
  const words = name
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .replaceAll(/[_-]/g, ' ')
    .toLowerCase()
    .replace(ABBREVIATIONS, (word) => word.toUpperCase());
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export function triggerWords({ kind, name }: Trigger): string {
  if (kind === 'always') return 'At once';
  if (kind === 'event' && name.startsWith('xstate.')) return ownEventWords(name);
  return kind === 'after' ? `After ${sentenceOf(name).toLowerCase()}` : sentenceOf(name);
}

/** XState's own events: a state, or an actor that it started, has ended. */
function ownEventWords(name: string): string {
  const [, what, of, id = ''] = /^xstate\.(done|error)\.(state|actor)\.(.+)$/.exec(name) ?? [];
  if (what === undefined) return name;
  // An actor without an id has a number and its state's id.
  const subject = of === 'state' ? 'all within' : /^\d+\./.test(id) ? 'its actor' : id;
  return `When ${subject} ${what === 'done' ? 'is done' : 'fails'}`;
}

/** The event in a transition's name, as words. */
export function eventWords(transitionName: string): string {
  const trigger = /--(.*)#\d+-->/.exec(transitionName)?.[1] ?? transitionName;
  const [first, name] = trigger.split(' ');
  return triggerWords(
    name === undefined
      ? first === 'always'
        ? { kind: 'always', name: '' }
        : { kind: 'event', name: trigger }
      : { kind: 'after', name },
  );
}

/** The target in a transition's name; undefined if it has none. */
export function targetOf(transitionName: string): string | undefined {
  return /#\d+--> (.+)$/.exec(transitionName)?.[1];
}

/** A whole chart as text, one line per state: for people who cannot see it. */
export function describeInWords({ root }: Chart): string {
  const lines: string[] = [];
  const describe = (state: ChartState, depth: number) => {
    const ways = state.transitions.flatMap(({ trigger, targets }) =>
      targets
        .filter((target) => target !== state.id)
        .map((target) => `${triggerWords(trigger)}: ${sentenceOf(target.split('.').at(-1) ?? '')}`),
    );
    const unique = [...new Set(ways)];
    const leads = unique.length > 0 ? ` Leads to: ${unique.join('; ')}.` : '';
    const end = state.kind === 'final' ? ' (final)' : '';
    lines.push(`${'  '.repeat(depth)}${sentenceOf(state.key)}${end}. ${state.description}${leads}`);
    for (const child of state.states) describe(child, depth + 1);
  };
  describe(root, 0);
  return lines.join('\n');
}
