/** A step of the peer's own machine as reported to the server's inspector: without SDP, candidates or addresses. */
import { redactEvent } from '../../common/redact.ts';
import { nameTransitions, negotiationMachine, type Step } from '../../machines/index.ts';

let names: ReturnType<typeof nameTransitions> | undefined;

/** @returns a RecordStep (protocol/inspect) without time and lane */
export function inspectStep({ event, from, to, transitions, effects, verdicts }: Step<unknown>): object {
  names ??= nameTransitions(negotiationMachine);
  return {
    event: redactEvent(event),
    from,
    to,
    taken: transitions.flatMap((transition) => names?.get(transition) ?? []),
    effects,
    verdicts,
  };
}
