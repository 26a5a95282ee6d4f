/** Every document of the contract by name, as `pairlane schema` prints it and the server serves it at /schemas/. */
import { asyncApi } from './asyncapi.ts';
import { type Document, jsonSchemas } from './json-schemas.ts';
import { openApi } from './openapi.ts';

export const documentNames = [...Object.keys(jsonSchemas), 'asyncapi', 'openapi'] as const;

/**
 * @param version of the package
 * @returns undefined for an unknown name
 */
export function documentOf(name: string, version: string): Document | undefined {
  if (name === 'asyncapi') return asyncApi(version);
  if (name === 'openapi') return openApi(version);
  return Object.hasOwn(jsonSchemas, name) ? jsonSchemas[name] : undefined;
}
