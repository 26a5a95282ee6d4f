/** What a session was refused, in sentences: each code once, with how often it occurred and what to do. */
import {
  type ErrorCode,
  errorMessages,
  isStep,
  type PairingRecord,
  type RecordStep,
} from '../../protocol/index.ts';
import type { Finding } from './finding.ts';
import { refusalRemedies } from './remedies.ts';

export function diagnoseSession(record: PairingRecord): Finding[] {
  const refused = new Map<string, number[]>();
  for (const [index, line] of record.lines.entries()) {
    const code = isStep(line) ? refusalIn(line) : undefined;
    if (code !== undefined) refused.set(code, [...(refused.get(code) ?? []), index]);
  }
  const refusals = [...refused].map(([code, evidence]): Finding => {
    const remedy = refusalRemedies[code];
    const message = Object.hasOwn(errorMessages, code) ? errorMessages[code as ErrorCode] : code;
    const often = evidence.length > 1 ? `, ${evidence.length} times` : '';
    return {
      kind: 'bad',
      text: `Refused${often}: ${message} (${code}).`,
      evidence,
      ...(remedy && { remedy }),
    };
  });
  if (refusals.length > 0) return refusals;
  return [{ kind: 'good', text: 'Nothing was refused since a page looks.' }];
}

/** The code of the error that the client was sent. */
export function refusalIn({ effects, event }: RecordStep): string | undefined {
  const refusal = effects.find(({ type }) => type === 'refuse' || type === 'denyAsk');
  if (!refusal) return undefined;
  return String(refusal.params?.code ?? event.code ?? 'unavailable');
}
