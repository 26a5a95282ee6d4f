/** The signaling server, for programs that start it themselves. */
export type { ServerOptions } from './options.ts';
export { type ServerParts, SignalingServer, startServer } from './server.ts';
