/** The wire between the nodes of a cluster. */
export * from './messages.ts';
