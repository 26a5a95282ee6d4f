/**
 * The names of a pairing's trace: made from its epoch, so that both nodes and both peers find the same ones. Where its
 * initiator brought a trace along, it is a part of that.
 */
import { createHash, randomBytes } from 'node:crypto';

export interface TraceContext {
  /** 16 bytes in hexadecimal. */
  readonly traceId: string;
  /** Of the span of the whole pairing: 8 bytes in hexadecimal. */
  readonly rootSpanId: string;
  /** Of the initiator's span that it is a part of. */
  readonly parentSpanId: string | undefined;
}

/** What the names are made from; an interface, for nothing more is needed of signaling. */
export interface NamedByTrace {
  readonly epoch: number;
  readonly details: { readonly traceparent?: string | undefined };
}

export function traceContextOf({ epoch, details }: NamedByTrace): TraceContext {
  const digest = createHash('sha256').update(`pairlane pairing ${epoch}`).digest('hex');
  const [, traceId = digest.slice(0, 32), parentSpanId] = details.traceparent?.split('-') ?? [];
  return { traceId, parentSpanId, rootSpanId: digest.slice(32, 48) };
}

/** For those who add spans of their own: W3C Trace Context, version 00, sampled. */
export function traceparentOf(pairing: NamedByTrace): string {
  const { traceId, rootSpanId } = traceContextOf(pairing);
  return `00-${traceId}-${rootSpanId}-01`;
}

export function newSpanId(): string {
  return randomBytes(8).toString('hex');
}
