/** A step of the peer's own machine, as the server's inspector is told of it: no SDP, candidate or address. */
import { redactEvent } from '../../common/redact.ts';
import { nameTransitions, negotiationMachine, type Step } from '../../machines/index.ts';

let names: ReturnType<typeof nameTransitions> | undefined;

/** @returns what protocol/inspect.ts calls a RecordStep, without time and lane */
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
