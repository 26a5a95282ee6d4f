/** The outcome of a link of the relay network, in sentences. */
import { isStep, type PairingRecord, type RecordLine, type RecordStep } from '../../protocol/index.ts';
import type { Finding } from './finding.ts';

/** Reasons that are nobody's fault. */
const ORDINARY = new Set(['it quit', 'the other end closed it', 'this server stops']);

export function diagnoseLink({ lines }: PairingRecord): Finding[] {
  const steps = lines.filter(isStep);
  return [registration(steps, lines[0]), ...passedOver(steps), ...closing(steps)];
}

function registration(steps: readonly RecordStep[], start: RecordLine | undefined): Finding {
  const hostId = start && 'first' in start ? start.first.context?.hostId : undefined;
  if (hostId !== undefined) return { kind: 'good', text: `Host ${hostId} registered before anybody looked.` };
  for (const { effects, message } of steps) {
    for (const { type } of effects) {
      if (type === 'adoptParent')
        return { kind: 'good', text: `The parent, server ${message?.from}, let this server in.` };
      if (type === 'adoptServer' || type === 'adoptClient')
        return {
          kind: 'good',
          text: `${type === 'adoptServer' ? 'Server' : 'Client'} ${message?.from} registered.`,
        };
    }
  }
  return { kind: 'open', text: 'Nobody has registered over it.' };
}

/** Each reason once, with how often it occurred. */
function passedOver(steps: readonly RecordStep[]): Finding[] {
  const counts = new Map<string, number>();
  for (const { effects } of steps) {
    for (const { type, params } of effects) {
      const text =
        type === 'rejectMessage'
          ? `It was passed over: ${String(params?.reason)}`
          : type === 'refuseDuplicate'
            ? 'A registration was refused: the id is in use'
            : undefined;
      if (text) counts.set(text, (counts.get(text) ?? 0) + 1);
    }
  }
  return [...counts].map(([text, count]) => ({
    kind: 'bad',
    text: count > 1 ? `${text} (${count} times).` : `${text}.`,
  }));
}

function closing(steps: readonly RecordStep[]): Finding[] {
  return steps.flatMap(({ effects }) =>
    effects
      .filter(({ type }) => type === 'closeLink')
      .map(({ params }) => ({
        kind: ORDINARY.has(String(params?.reason)) ? ('open' as const) : ('bad' as const),
        text: `The link was closed: ${String(params?.reason)}.`,
      })),
  );
}
