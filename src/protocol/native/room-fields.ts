/** The fields that messages about rooms have in common, whoever sends them. */
import { clientId } from './fields.ts';
import { MAX_METADATA_BYTES, MAX_PASSWORD_CHARS, MAX_ROOM_NAME_CHARS } from './limits.ts';

export const flag = (description: string) =>
  ({ anyOf: [{ const: true }, { const: false }], description }) as const;

export const room = {
  type: 'string',
  minLength: 1,
  maxLength: MAX_ROOM_NAME_CHARS,
  description: 'The name of the room: printable characters.',
} as const;

export const metadata = {
  description: `What the others see of you: any JSON value of at most ${MAX_METADATA_BYTES} bytes.`,
} as const;

export const password = {
  type: 'string',
  maxLength: MAX_PASSWORD_CHARS,
} as const;

export const topology = {
  enum: ['mesh', 'star', 'none'],
  description:
    'Which members the room pairs. mesh: every two; star: each with the leader; none: only those that ask.',
} as const;

export const peer = {
  type: 'object',
  required: ['id'],
  properties: { id: clientId, metadata: { description: 'As the member gave it. Missing: it gave none.' } },
} as const;

export const leader = {
  anyOf: [clientId, { type: 'null' }],
  description: 'Who leads the room; null: nobody at present.',
} as const;

export type Topology = (typeof topology)['enum'][number];
