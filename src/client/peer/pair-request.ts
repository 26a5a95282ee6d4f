/** A request to the server for a connection. */
import { type ClientMessageOf, isRecord, MAX_METADATA_BYTES } from '../../protocol/index.ts';
import { anything, type Checks, isAbortSignal } from './check-options.ts';

/** The client to ask for: by its id, or by a key that it made. */
export type Target = { readonly id: string } | { readonly key: string };

export type ConnectOptions = Target & {
  /** JSON of at most 2,048 bytes, which the other peer sees before it accepts. */
  readonly metadata?: unknown;
  /** The parent span of the pairing's trace (W3C Trace Context), if the server makes traces. */
  readonly traceparent?: string;
  /** Gives the request up. */
  readonly signal?: AbortSignal;
};

/** Their values are checked where they are used, or by the server. */
export const connectFields: Checks = {
  id: anything,
  key: anything,
  metadata: anything,
  traceparent: anything,
  signal: isAbortSignal,
};

/** The data sent along with a request. */
export interface PairDetails {
  readonly metadata?: unknown;
  readonly traceparent?: string | undefined;
}

export function pairRequest(
  target: Target,
  { metadata, traceparent }: PairDetails,
): ClientMessageOf<'pair_request'> {
  return {
    type: 'pair_request',
    ...(isById(target) ? { target_id: target.id } : { key: target.key }),
    ...(metadata !== undefined && { metadata }),
    ...(traceparent !== undefined && { traceparent }),
  };
}

export function isById(target: Target): target is { readonly id: string } {
  return 'id' in target && target.id !== undefined;
}

/** Whether it names a client, in one way: programs in plain JavaScript may pass anything. */
export function isTarget(value: unknown): value is Target {
  if (!isRecord(value)) return false;
  const given = [value.id, value.key].filter((name) => name !== undefined);
  return given.length === 1 && typeof given[0] === 'string';
}

/** Whether the value can be sent along with a request. */
export function isMetadata(value: unknown): boolean {
  const text = asJson(value);
  return text !== undefined && new TextEncoder().encode(text).length <= MAX_METADATA_BYTES;
}

function asJson(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}
