/**
 * Headers for a collector, as OTEL_EXPORTER_OTLP_HEADERS has them: `name=value,name=value`, the values percent-encoded.
 * https://opentelemetry.io/docs/specs/otel/protocol/exporter/#specifying-headers-via-environment-variables
 */

export type OtlpHeaders = Readonly<Record<string, string>>;

/** These are the exporter's own. */
const OWN: ReadonlySet<string> = new Set([
  'content-type',
  'content-length',
  'host',
  'connection',
  'transfer-encoding',
]);

/** @returns undefined for what is no list of headers */
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
