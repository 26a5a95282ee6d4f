/** The wire as JSON Schema documents (2020-12), made from the same literals that the server checks messages with. */
import { clientSchemas, serverSchemas } from '../protocol/index.ts';

/** A JSON document of the contract. */
export type Document = { readonly [key: string]: unknown };

const DIALECT = 'https://json-schema.org/draft/2020-12/schema';

/** One document for all messages of a direction: distinguished by `type`, each under its own name in `$defs`. */
function messagesOf(id: string, title: string, schemas: Document): Document {
  return {
    $schema: DIALECT,
    $id: `${id}.json`,
    title,
    type: 'object',
    required: ['type'],
    oneOf: Object.keys(schemas).map((type) => ({ $ref: `#/$defs/${type}` })),
    $defs: schemas,
  };
}

function numberedFrame(from: 'client' | 'server'): Document {
  const count = { type: 'integer', minimum: 0 } as const;
  const senderSeq = {
    ...count,
    minimum: 1,
    description: 'Of a relayed message: the seq that the peer gave it.',
  };
  return {
    $schema: DIALECT,
    $id: `${from}-numbered-frame.json`,
    title: `What a ${from} sends in a session that can be resumed: ${from === 'client' ? '[seq, ack, message]' : '[seq, ack, message, sender seq?]'}`,
    type: 'array',
    prefixItems: [
      {
        ...count,
        minimum: 1,
        description: 'The number of this frame: one more than that of the frame before.',
      },
      {
        ...count,
        description: 'The seq of the last frame of the other side that is safe with the sender; 0: none.',
      },
      { $ref: `${from}-message.json` },
      ...(from === 'server' ? [senderSeq] : []),
    ],
    minItems: 3,
    items: false,
  };
}

/** Each document by its name; the file is the name plus `.json`. */
export const jsonSchemas: { readonly [name: string]: Document } = {
  'client-message': messagesOf('client-message', 'What a client may send', clientSchemas),
  'server-message': messagesOf('server-message', 'What the server may send', serverSchemas),
  'client-numbered-frame': numberedFrame('client'),
  'server-numbered-frame': numberedFrame('server'),
};
