/** The wire as an AsyncAPI 3 document: one WebSocket channel, with the messages that the server receives and sends. */
import {
  type CloseCode,
  clientSchemas,
  closeCodeMeanings,
  closeCodes,
  DEFAULT_PORT,
  errorMessages,
  serverSchemas,
} from '../protocol/index.ts';
import type { Document } from './json-schemas.ts';

type Described = { readonly description?: string };

/** Message names in AsyncAPI are global to the document, and both directions have an `offer`. */
const nameOf = (from: 'client' | 'server', type: string) => `${from}_${type}`;

function messagesOf(from: 'client' | 'server', schemas: { readonly [type: string]: Described }): Document {
  return Object.fromEntries(
    Object.entries(schemas).map(([type, schema]) => [
      nameOf(from, type),
      {
        name: type,
        title: `${type}, from the ${from}`,
        ...(schema.description && { summary: schema.description }),
        contentType: 'application/json',
        payload: { schemaFormat: 'application/schema+json;version=draft-2020-12', schema },
      },
    ]),
  );
}

const refsOf = (from: 'client' | 'server', schemas: object) =>
  Object.keys(schemas).map((type) => ({ $ref: `#/channels/signaling/messages/${nameOf(from, type)}` }));

const query = (description: string, values: readonly string[]) => ({
  type: 'string',
  description,
  enum: values,
});

/** @param version of the package */
export function asyncApi(version: string): Document {
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Pairlane',
      version,
      description: 'Brings WebRTC peers together, and relays their offers, answers and ICE candidates.',
      license: { name: 'MIT' },
    },
    defaultContentType: 'application/json',
    servers: {
      local: { host: `localhost:${DEFAULT_PORT}`, protocol: 'ws', description: 'A server on this machine.' },
    },
    channels: {
      signaling: {
        address: '/',
        title: 'Signaling',
        description:
          'A text frame is one message. In a session that can be resumed it is [seq, received, message], but for `ack`, `ping`, `pong`, `resume` and the first message.',
        bindings: {
          ws: {
            method: 'GET',
            query: {
              type: 'object',
              properties: {
                resume: query('1: a session to come back to; back: come back to one, `resume` comes first.', [
                  '1',
                  'back',
                ]),
                pair: query('key: to be paired by key only.', ['key']),
              },
            },
            bindingVersion: '0.1.0',
          },
        },
        messages: { ...messagesOf('client', clientSchemas), ...messagesOf('server', serverSchemas) },
      },
    },
    operations: {
      receive: {
        action: 'receive',
        channel: { $ref: '#/channels/signaling' },
        summary: 'What a client may send.',
        messages: refsOf('client', clientSchemas),
      },
      send: {
        action: 'send',
        channel: { $ref: '#/channels/signaling' },
        summary: 'What the server may send.',
        messages: refsOf('server', serverSchemas),
      },
    },
    'x-error-codes': errorMessages,
    'x-close-codes': Object.fromEntries(
      Object.entries(closeCodes).map(([name, code]: [string, CloseCode]) => [
        code,
        closeCodeMeanings[name as keyof typeof closeCodes],
      ]),
    ),
  };
}
