/** A link of the relay network to one neighbour, and what its effects need from their node. */

import { type CloseReason, Hosted, type RelayLinkContext, type StepQueue } from '../../machines/index.ts';
import type { hostOf, RelayHost, RelayHostKind, RelayTable } from '../../machines/relay-link/relay-table.ts';
import type { RelayMessage, Status } from '../../protocol/relay-chat/index.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { RelayHistory } from './relay-history.ts';
import type { StatusLog } from './status-log.ts';

/** What has gone over a link since it was opened. */
export interface TrafficCount {
  readonly messagesIn: number;
  readonly bytesIn: number;
  readonly messagesOut: number;
  readonly bytesOut: number;
}

/** The connection to the host at the other end of a link. After `close` or `cut`, nothing is sent. */
export interface RelayPort {
  send(bytes: Uint8Array): void;
  /** Sends the network's hosts to a newcomer; they do not count as unread until it could have read them. */
  introduce(messages: readonly Uint8Array[]): void;
  /** Closes the link once everything is sent. */
  close(): void;
  /** Closes the link at once. */
  cut(): void;
  /** The messages of an introduction count, too. */
  readonly traffic: TrafficCount;
}

export class RelayLink extends Hosted<RelayLinkContext> {
  /** Identifies the link in logs before a host has registered over it. */
  readonly number: number;
  readonly port: RelayPort;
  readonly openedAt: number;
  /** How many messages were ignored or refused. */
  rejections = 0;
  /** The hosts that were withdrawn when it ended, the one at its other end first. */
  withdrawn: readonly RelayHost[] = [];

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
  /** Left out: the system's. */
  readonly wallTime?: () => number;
  /** Called for every link that ended. */
  readonly onLinkClosed?: (link: RelayLink, reason: CloseReason) => void;
  readonly onParentAdopted?: () => void;
  /**
   * The parent quit and left this text: the address of the server to attach to, if the parent is one of our servers.
   */
  readonly onParentQuit?: (content: string) => void;
  /**
   * A host wrote to this server.
   * @returns false if the message does not concern the handler
   */
  readonly onChat?: ((source: RelayHost, content: string) => boolean) | undefined;
  /**
   * A status for this server arrived.
   * @returns true if it is not for the operator
   */
  readonly onStatus?: ((status: Status) => boolean) | undefined;
}

/** What the effects of a link need from its node. */
export interface RelayLinkOwner {
  readonly options: RelayNodeOptions;
  readonly table: RelayTable;
  readonly statusLog: StatusLog;
  readonly history: RelayHistory;
  /** True while the server says goodbye: its neighbours withdraw the hosts that are lost by that. */
  readonly isStopping: boolean;
  ownRegistration(lastHopId: number): RelayMessage;
  linkTo(hostId: number | undefined): RelayLink | undefined;
  addAdjacent(link: RelayLink, host: RelayHost): void;
  /** The host at the other end must go: its id belongs to the parent's side. */
  displace(link: RelayLink): void;
  /** Handles a message again, after the current step. */
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
