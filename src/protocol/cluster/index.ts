/** The wire between the nodes of a cluster. */
export * from './node-messages.ts';
