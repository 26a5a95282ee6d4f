/** The relay-chat protocol: its messages, status texts and codec. */
export * from './decode.ts';
export * from './encode.ts';
export * from './messages.ts';
