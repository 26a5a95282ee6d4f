/** The wire: a schema per message, a union per direction, error codes, close codes, limits. */
export * from './client-messages.ts';
export * from './close-codes.ts';
export * from './delivery.ts';
export * from './error-codes.ts';
export * from './inspect.ts';
export * from './limits.ts';
export * from './pairing-key.ts';
export * from './rooms.ts';
export { explain, isRecord, type Schema } from './schema.ts';
export * from './server-messages.ts';
