/** A link of the relay network to one neighbour, and what its effects may ask of the node that has it. */

import { type CloseReason, Hosted, type RelayLinkContext, type StepQueue } from '../../machines/index.ts';
import type { hostOf, RelayHost, RelayHostKind, RelayTable } from '../../machines/relay-link/relay-table.ts';
import type { RelayMessage, Status } from '../../protocol/relay-chat/index.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { StatusLog } from './status-log.ts';

/** The way to the host at the other end of a link. After `close` or `cut` nothing is sent. */
export interface RelayPort {
  send(bytes: Uint8Array): void;
  /** Sends what a newcomer is owed; it does not count as unread until it could have been read. */
  introduce(messages: readonly Uint8Array[]): void;
  /** Ends the link once everything is sent. */
  close(): void;
  /** Ends the link at once. */
  cut(): void;
}

export class RelayLink extends Hosted<RelayLinkContext> {
  /** Names the link in logs before a host registered over it. */
  readonly number: number;
  readonly port: RelayPort;
  readonly openedAt: number;
  /** How many messages were passed over or refused. */
  rejections = 0;

  constructor(number: number, port: RelayPort, now: number) {
    super();
    this.number = number;
    this.port = port;
    this.openedAt = now;
  }
}

export interface RelayIdentity {
  readonly id: number;
  readonly name: string;
  readonly info: string;
}

export interface RelayNodeOptions extends RelayIdentity {
  readonly queue: StepQueue;
  readonly log: Logger;
  /** Told of every link that ended. */
  readonly onLinkClosed?: (link: RelayLink, reason: CloseReason) => void;
  readonly onParentAdopted?: () => void;
  /** The parent quit and left this text: the address of the server to attach to, when a server of ours wrote it. */
  readonly onParentQuit?: (content: string) => void;
  /** A host wrote to this server. @returns false when it is none of its business */
  readonly onChat?: ((source: RelayHost, content: string) => boolean) | undefined;
  /** A status came for this server. @returns true when it is not for the operator */
  readonly onStatus?: ((status: Status) => boolean) | undefined;
}

/** What the effects of a link ask of its node. */
export interface RelayLinkOwner {
  readonly options: RelayNodeOptions;
  readonly table: RelayTable;
  readonly statusLog: StatusLog;
  /** True while the server says goodbye: hosts that it loses by that are for its neighbours to withdraw. */
  readonly isStopping: boolean;
  ownRegistration(lastHopId: number): RelayMessage;
  linkTo(hostId: number | undefined): RelayLink | undefined;
  addAdjacent(link: RelayLink, host: RelayHost): void;
  /** The host at the other end has to go: its id is the parent's. */
  displace(link: RelayLink): void;
  /** Takes a message once more, after the step that is under way. */
  receiveAgain(link: RelayLink, message: RelayMessage): void;
  learn(message: Parameters<typeof hostOf>[0], firstHop: number): void;
  announce(host: RelayHost): void;
  announcementOf(host: RelayHost): Uint8Array;
  announceQuit(host: RelayHost, content: string, replacementId: number, except?: number): void;
  route(destinationId: number, message: RelayMessage): void;
  routeUp(message: RelayMessage): boolean;
  tell(kind: RelayHostKind, message: RelayMessage, except?: number): void;
  drop(link: RelayLink, reason: CloseReason): void;
}
