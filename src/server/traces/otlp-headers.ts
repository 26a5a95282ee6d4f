/**
 * Headers for a collector in the format of OTEL_EXPORTER_OTLP_HEADERS: `name=value,name=value`, with percent-encoded
 * values.
 * https://opentelemetry.io/docs/specs/otel/protocol/exporter/#specifying-headers-via-environment-variables
 */

export type OtlpHeaders = Readonly<Record<string, string>>;

/** Set by the exporter itself. */
const OWN: ReadonlySet<string> = new Set([
  'content-type',
  'content-length',
  'host',
  'connection',
  'transfer-encoding',
]);

/** @returns undefined if the text is not a list of headers */
export function parseOtlpHeaders(text: string): OtlpHeaders | undefined {
  const headers: Record<string, string> = {};
  for (const part of text.split(',')) {
    const [, name = '', encoded = ''] = /^\s*([\w!#$%&'*+.^`|~-]+)\s*=\s*(.*?)\s*$/.exec(part) ?? [];
    const value = decoded(encoded);
    if (name === '' || OWN.has(name.toLowerCase()) || !value || !/^[\t\x20-\x7e]*$/.test(value))
      return undefined;
    headers[name.toLowerCase()] = value;
  }
  return headers;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
