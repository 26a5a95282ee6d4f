/** The relay-chat protocol: its messages, status texts and codec. */
export * from './decode-relay-message.ts';
export * from './encode-relay-message.ts';
export * from './relay-messages.ts';
