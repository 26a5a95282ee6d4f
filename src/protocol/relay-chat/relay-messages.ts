/**
 * The relay-chat protocol's messages, as the programs at both ends of a link see them. On the wire each is one type
 * byte, fixed big-endian fields, then UTF-8 text; only the encoder and the decoder know that.
 */

/** A server announces a server: itself if `lastHopId` is 0, otherwise one that it has learnt of. */
export interface ServerRegistration extends HostDetails {
  readonly type: 'server_registration';
  readonly sourceId: number;
  readonly lastHopId: number;
}

/** A text for people about what became of a message. */
export interface Status {
  readonly type: 'status';
  readonly sourceId: number;
  /** 0 if it is for the reader, whose registration was refused. */
  readonly destinationId: number;
  readonly code: number;
  readonly content: string;
}

export interface ServerQuit {
  readonly type: 'server_quit';
  readonly sourceId: number;
  /** The server that the quitting server's children attach to; 0 if there is none. */
  readonly replacementId: number;
  readonly content: string;
}

export interface ClientRegistration extends HostDetails {
  readonly type: 'client_registration';
  readonly sourceId: number;
  readonly lastHopId: number;
}

export interface ClientChat {
  readonly type: 'client_chat';
  readonly sourceId: number;
  readonly destinationId: number;
  readonly content: string;
}

export interface ClientQuit {
  readonly type: 'client_quit';
  readonly sourceId: number;
  readonly content: string;
}

interface HostDetails {
  /** At most 255 bytes as UTF-8. */
  readonly name: string;
  /** At most 65,535 bytes as UTF-8. */
  readonly info: string;
}

export type Registration = ServerRegistration | ClientRegistration;
export type RelayMessage = Registration | Status | ServerQuit | ClientChat | ClientQuit;
export type RelayMessageType = RelayMessage['type'];

/** The first byte of each message. */
export const relayTypeBytes: Readonly<Record<RelayMessageType, number>> = {
  server_registration: 0x00,
  status: 0x01,
  server_quit: 0x02,
  client_registration: 0x80,
  client_chat: 0x81,
  client_quit: 0x82,
};

export const statusCodes = { welcome: 0x00, unknownId: 0x01, duplicateId: 0x02 } as const;

/** The protocol's exact texts: other programs compare them. */
export const statusTexts = {
  /** @param name of the new client */
  welcome: (name: string) => `Welcome to the Clemson Relay Chat network ${name}`,
  unknownId: (id: number) => `Unknown ID ${id}`,
  duplicateServer: (id: number) => `A machine has already registered with ID ${id}`,
  duplicateClient: (id: number) => `Someone has already registered with ID ${id}`,
} as const;

/** The text for a registration that is refused because of its id. */
export function duplicateText(registration: Registration): string {
  return registration.type === 'server_registration'
    ? statusTexts.duplicateServer(registration.sourceId)
    : statusTexts.duplicateClient(registration.sourceId);
}

/** Ids are 32 bits wide; 0 stands for "no host" in every field that holds an id, so no host has it. */
export const MIN_RELAY_ID = 1;
export const MAX_RELAY_ID = 0xffff_ffff;

export const MAX_NAME_BYTES = 0xff;
export const MAX_INFO_BYTES = 0xffff;
/**
 * A server or client keeps no more hosts than this, and no more bytes of their names and infos: otherwise one neighbour
 * could fill its memory.
 */
export const MAX_RELAY_HOSTS = 100_000;
export const MAX_RELAY_HOST_BYTES = 64 * 1024 * 1024;
/**
 * The length field could claim 4 GiB. The limit is the same for all servers: one with a higher limit would be cut off
 * by its neighbours.
 */
export const MAX_CONTENT_BYTES = 64 * 1024;
