/**
 * Spans in OTLP's JSON format.
 * https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
 */

export type AttributeValue = string | number;

export interface SpanEvent {
  readonly name: string;
  /** Milliseconds since 1970, like all times here. */
  readonly at: number;
}

export interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly start: number;
  readonly end: number;
  readonly attributes: Readonly<Record<string, AttributeValue | undefined>>;
  readonly events?: readonly SpanEvent[];
  readonly hasFailed?: boolean;
}

const INTERNAL = 1;
const ERROR = 2;

/** @param resource attributes of the sender */
export function otlpRequest(spans: readonly Span[], resource: Span['attributes']): string {
  return JSON.stringify({
    resourceSpans: [
      {
        resource: { attributes: attributesOf(resource) },
        scopeSpans: [{ scope: { name: 'pairlane' }, spans: spans.map(otlpSpan) }],
      },
    ],
  });
}

function otlpSpan({ traceId, spanId, parentSpanId, name, start, end, ...span }: Span) {
  const { attributes, events = [], hasFailed = false } = span;
  return {
    traceId,
    spanId,
    ...(parentSpanId !== undefined && { parentSpanId }),
    name,
    kind: INTERNAL,
    startTimeUnixNano: nanoseconds(start),
    endTimeUnixNano: nanoseconds(end),
    attributes: attributesOf(attributes),
    events: events.map((event) => ({ name: event.name, timeUnixNano: nanoseconds(event.at) })),
    ...(hasFailed && { status: { code: ERROR } }),
  };
}

function attributesOf(attributes: Span['attributes']) {
  return Object.entries(attributes).flatMap(([key, value]) => {
    if (value === undefined) return [];
    return { key, value: typeof value === 'number' ? { intValue: String(value) } : { stringValue: value } };
  });
}

/** Nanoseconds have more digits than a double. */
function nanoseconds(ms: number): string {
  return String(BigInt(Math.round(ms * 1_000)) * 1_000n);
}
