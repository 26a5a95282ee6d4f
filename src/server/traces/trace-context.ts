/**
 * The ids of a pairing's trace: derived from its epoch, so that both nodes and both peers get the same ones. If the
 * initiator brought a trace, the pairing becomes part of it.
 */
import { createHash, randomBytes } from 'node:crypto';

export interface TraceContext {
  /** 16 bytes in hexadecimal. */
  readonly traceId: string;
  /** The id of the span of the whole pairing: 8 bytes in hexadecimal. */
  readonly rootSpanId: string;
  /** The id of the initiator's span that it is part of. */
  readonly parentSpanId: string | undefined;
}

/** What the ids are derived from; an interface, because nothing else of signaling is needed. */
export interface NamedByTrace {
  readonly epoch: number;
  readonly details: { readonly traceparent?: string | undefined };
}

export function traceContextOf({ epoch, details }: NamedByTrace): TraceContext {
  const digest = createHash('sha256').update(`pairlane pairing ${epoch}`).digest('hex');
  const [, traceId = digest.slice(0, 32), parentSpanId] = details.traceparent?.split('-') ?? [];
  return { traceId, parentSpanId, rootSpanId: digest.slice(32, 48) };
}

/** For clients that add their own spans: W3C Trace Context, version 00, sampled. */
export function traceparentOf(pairing: NamedByTrace): string {
  const { traceId, rootSpanId } = traceContextOf(pairing);
  return `00-${traceId}-${rootSpanId}-01`;
}

export function newSpanId(): string {
  return randomBytes(8).toString('hex');
}
