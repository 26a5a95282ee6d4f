/** The signaling server, for programs that start it themselves. */
export { type AttachOptions, attach } from './attach.ts';
export { ControlError, type ControlErrorCode } from './embed/control-error.ts';
export type {
  Authorization,
  Authorized,
  AuthorizeRequest,
  PairingChange,
  PairingInfo,
  RoomChange,
  RoomInfo,
  ServerHooks,
  SessionChange,
  SessionInfo,
} from './embed/hooks.ts';
export type { ServerOptions } from './options.ts';
export { type ServerParts, SignalingServer } from './server.ts';
export { type StartOptions, startServer } from './start-server.ts';
