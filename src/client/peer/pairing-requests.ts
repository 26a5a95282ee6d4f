/** Our requests to be paired, and the pairings that answer them. */
import type { ClientMessage } from '../../protocol/index.ts';
import type { ConnectionMaker } from '../rtc/connection-maker.ts';
import { checkFields } from './check-options.ts';
import type { Connection } from './connection.ts';
import { PairlaneError } from './errors.ts';
import {
  type ConnectOptions,
  connectFields,
  isById,
  isMetadata,
  isTarget,
  type PairDetails,
  pairRequest,
  type Target,
} from './pair-request.ts';
import type { PendingRequests } from './pending-requests.ts';

/** The link to the server, as far as requests need it. */
export interface RequestLink {
  send(message: ClientMessage): void;
  /** Sends our first offer before we know of the pairing that our last request forms, if the server takes it. */
  offerAhead(sdp: string): void;
}

export class PairingRequests {
  readonly #requests: PendingRequests;
  readonly #link: RequestLink;
  readonly #connections: ConnectionMaker;
  /** Whom the last request names, and what was sent with it. */
  #asked: { readonly target: Target; readonly metadata: unknown } | undefined;

  constructor(requests: PendingRequests, link: RequestLink, connections: ConnectionMaker) {
    this.#requests = requests;
    this.#link = link;
    this.#connections = connections;
  }

  pair(target: Target, signal?: AbortSignal): Promise<Connection> {
    if (!isTarget(target)) return Promise.reject(noTarget());
    return this.#ahead(this.#requests.start('pair_request', () => this.#ask(target, {}), signal));
  }

  async connect(options: ConnectOptions): Promise<Connection> {
    if (!isTarget(options)) throw noTarget();
    checkFields('options', options, connectFields);
    const { metadata, traceparent, signal, ...target } = options;
    if (metadata !== undefined && !isMetadata(metadata)) throw new PairlaneError('metadata_too_large');
    const ask = () => this.#ask(target, { metadata, traceparent });
    return this.#ahead(this.#requests.startInTurn('pair_request', ask, signal));
  }

  /**
   * A pairing arrived that we are the initiator of.
   * @param offered the SDP of the offer that we sent ahead and the other peer gets, empty if there is none; undefined if
   * the server does not say which request has formed it
   * @returns what was sent along; undefined if nobody wants it any more
   */
  asked(peerId: string, offered: string | undefined): { readonly metadata: unknown } | undefined {
    if (offered === undefined && !this.#isAskedFor(peerId)) return { metadata: undefined };
    if (this.#requests.isAbandoned('pair_request')) {
      this.#requests.fail('pair_request', new PairlaneError('aborted'));
      return undefined;
    }
    // It was answered too late.
    if (offered !== undefined && !this.#requests.isWanted('pair_request')) return undefined;
    this.#connections.useOffer();
    return { metadata: this.#asked?.metadata };
  }

  /** A pairing that the other peer asked for at the same moment does not answer our own request; its error will. */
  paired(connection: Connection): void {
    const { initiator, room, peerId } = connection;
    if (initiator && room === undefined && this.#isAskedFor(peerId))
      this.#requests.answer('pair_request', connection);
  }

  /**
   * Whether our last request may be for that peer. Otherwise the server's program has paired us, or a request is answered
   * that we no longer wait for.
   */
  #isAskedFor(peerId: string): boolean {
    const target = this.#asked?.target;
    return !target || !isById(target) || target.id === peerId;
  }

  #ask(target: Target, details: PairDetails): void {
    this.#asked = { target, metadata: details.metadata };
    // One that is left may have gone to another peer: the request before was not answered in time.
    this.#connections.dropOffer();
    this.#link.send(pairRequest(target, details));
    this.#connections.offerAhead((sdp) => this.#link.offerAhead(sdp));
  }

  /** An offer that was made ahead is in use when the request is answered, or only the next request may need it. */
  #ahead(answer: Promise<Connection>): Promise<Connection> {
    return answer.finally(() => {
      if (!this.#requests.isWanted('pair_request')) this.#connections.dropOffer();
    });
  }
}

function noTarget(): PairlaneError {
  return new PairlaneError('invalid_option', 'name the client as { id } or as { key }, with a text');
}
