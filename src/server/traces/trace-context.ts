/** The names of a pairing's trace: made from its epoch, so that both nodes and both peers find the same ones. */
import { createHash, randomBytes } from 'node:crypto';

export interface TraceContext {
  /** 16 bytes in hexadecimal. */
  readonly traceId: string;
  /** Of the span of the whole pairing: 8 bytes in hexadecimal. */
  readonly rootSpanId: string;
}

export function traceContextOf(epoch: number): TraceContext {
  const digest = createHash('sha256').update(`pairlane pairing ${epoch}`).digest('hex');
  return { traceId: digest.slice(0, 32), rootSpanId: digest.slice(32, 48) };
}

/** For those who add spans of their own: W3C Trace Context, version 00, sampled. */
export function traceparentOf(epoch: number): string {
  const { traceId, rootSpanId } = traceContextOf(epoch);
  return `00-${traceId}-${rootSpanId}-01`;
}

export function newSpanId(): string {
  return randomBytes(8).toString('hex');
}
