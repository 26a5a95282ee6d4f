/**
 * The rooms that a peer is a member of. What the server says about rooms comes here, and goes to the room concerned. If
 * a server has lost our memberships, we join again.
 */
import {
  type ClientMessage,
  type ClientMessageOf,
  MAX_MEMBERS_PER_ROOM,
  type ServerMessage,
  type ServerMessageOf,
} from '../../protocol/index.ts';
import type { Connection } from '../peer/connection.ts';
import { PairlaneError } from '../peer/errors.ts';
import { isMetadata } from '../peer/pair-request.ts';
import type { PendingRequests } from '../peer/pending-requests.ts';
import { Room, type RoomDeps } from './room.ts';
import { checkJoin, type JoinOptions, joinRequest } from './room-options.ts';

export interface RoomsDeps extends Pick<RoomDeps, 'ownId' | 'connectionWith' | 'channels'> {
  readonly send: (message: ClientMessage) => void;
  readonly requests: PendingRequests;
}

/** Failures after which we may join again once the server can be reached: we were not refused. */
const OF_THE_LINK: readonly string[] = ['signaling_lost', 'not_online', 'closed'];

export class Rooms {
  readonly byName = new Map<string, Room>();
  readonly #deps: RoomsDeps;
  readonly #roomDeps: RoomDeps;
  /** The request to join that the server has not answered yet. */
  #asked: { readonly name: string; readonly options: JoinOptions } | undefined;

  constructor(deps: RoomsDeps) {
    this.#deps = deps;
    this.#roomDeps = {
      ownId: deps.ownId,
      connectionWith: deps.connectionWith,
      channels: deps.channels,
      updateMetadata: (...asked) => this.#updateMetadata(...asked),
      lock: (...asked) => this.#lock(...asked),
      leave: (...asked) => this.#leave(...asked),
    };
  }

  async join(name: string, options: JoinOptions): Promise<Room> {
    checkJoin(name, options);
    // The signal is for this request only, and not for those by which we join again.
    const { signal, ...kept } = options;
    return this.byName.get(name) ?? this.#ask(name, kept, signal);
  }

  async list(signal?: AbortSignal): Promise<ServerMessageOf<'rooms'>> {
    return this.#deps.requests.startInTurn(
      'list_rooms',
      () => this.#deps.send({ type: 'list_rooms' }),
      signal,
    );
  }

  /** @returns whether the message was about rooms */
  heard(message: ServerMessage): boolean {
    switch (message.type) {
      case 'room_joined':
        this.#joined(message);
        return true;
      case 'rooms':
        this.#deps.requests.answer('list_rooms', message);
        return true;
      case 'peer_left':
        if (message.id === this.#deps.ownId()) this.#out(message);
        else this.byName.get(message.room)?.changed(message);
        return true;
      case 'peer_joined': {
        const room = this.byName.get(message.room);
        if (room && room.peers.size >= MAX_MEMBERS_PER_ROOM) this.#leaveCrowd(room);
        else room?.changed(message);
        return true;
      }
      case 'peer_updated':
      case 'room_locked':
      case 'leader':
      case 'edge':
        this.byName.get(message.room)?.changed(message);
        this.#answer(message);
        return true;
      default:
        return false;
    }
  }

  /**
   * The server greeted us.
   * @param isKnown whether it still knows our memberships
   */
  welcomed(isKnown: boolean): void {
    if (isKnown) return;
    for (const room of this.byName.values()) this.#rejoin(room);
  }

  paired(connection: Connection): void {
    for (const room of this.byName.values()) room.paired(connection);
  }

  /** The peer is closed, or has lost its server for good. */
  end(error?: PairlaneError): void {
    for (const room of this.byName.values())
      room.end(error ? { reason: 'failed', error } : { reason: 'closed' });
    this.byName.clear();
  }

  #ask(name: string, options: JoinOptions, signal?: AbortSignal): Promise<Room> {
    const asked = { name, options };
    return this.#deps.requests
      .startInTurn(
        'join_room',
        () => {
          this.#asked = asked;
          this.#deps.send(joinRequest(name, options));
        },
        signal,
      )
      .finally(() => {
        if (this.#asked === asked) this.#asked = undefined;
      });
  }

  #joined(message: ServerMessageOf<'room_joined'>): void {
    const asked = this.#asked?.name === message.room ? this.#asked : undefined;
    const known = this.byName.get(message.room);
    if (message.peers.length > MAX_MEMBERS_PER_ROOM) {
      if (known) this.#leaveCrowd(known);
      else this.#gaveUp(message.room);
      if (asked) this.#deps.requests.fail('join_room', tooMany());
      return;
    }
    if (known) known.joined(message);
    else if (asked) this.byName.set(message.room, new Room(this.#roomDeps, asked.options, message));
    // Nobody waits for it any more.
    else this.#gaveUp(message.room);
    const room = this.byName.get(message.room);
    if (asked && room) this.#deps.requests.answer('join_room', room);
  }

  #gaveUp(room: string): void {
    const { requests, send } = this.#deps;
    send({ type: 'leave_room', room });
    if (requests.isAbandoned('join_room')) requests.fail('join_room', new PairlaneError('aborted'));
  }

  /** No server with limits has such a large room; its members would fill our memory. */
  #leaveCrowd(room: Room): void {
    this.byName.delete(room.name);
    room.end({ reason: 'failed', error: tooMany() });
    this.#deps.send({ type: 'leave_room', room: room.name });
  }

  /** The result of our own request is handled like the changes of others. */
  #answer(message: ServerMessage): void {
    const { requests, ownId } = this.#deps;
    if (message.type === 'peer_updated' && message.id === ownId())
      requests.answer('update_metadata', undefined);
    if (message.type === 'room_locked') requests.answer('lock_room', undefined);
  }

  /** We are no longer a member, without having asked to leave. */
  #out({ room: name, reason }: ServerMessageOf<'peer_left'>): void {
    const room = this.byName.get(name);
    this.byName.delete(name);
    room?.end({ reason });
  }

  #rejoin(room: Room): void {
    this.#ask(room.name, room.rejoinOptions).catch((error: PairlaneError) => {
      if (OF_THE_LINK.includes(error.code) || this.byName.get(room.name) !== room) return;
      this.byName.delete(room.name);
      room.end({ reason: 'failed', error });
    });
  }

  async #updateMetadata({ name: room }: Room, metadata: unknown, signal?: AbortSignal): Promise<void> {
    if (!isMetadata(metadata)) throw new PairlaneError('metadata_too_large');
    await this.#request({ type: 'update_metadata', room, metadata: metadata as never }, signal);
  }

  async #lock({ name: room }: Room, isLocked: boolean, signal?: AbortSignal): Promise<void> {
    await this.#request({ type: 'lock_room', room, locked: isLocked }, signal);
  }

  #request(
    message: ClientMessageOf<'update_metadata' | 'lock_room'>,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    return this.#deps.requests.startInTurn(message.type, () => this.#deps.send(message), signal);
  }

  /** Does not wait for an answer: none could keep us in the room. */
  async #leave(room: Room, signal?: AbortSignal): Promise<void> {
    this.byName.delete(room.name);
    room.end({ reason: 'left' });
    const ending = [...room.peers.keys()].flatMap((id) => this.#deps.connectionWith(id) ?? []);
    const formed = ending.filter((connection) => connection.room === room.name && connection.hasUnsent);
    await Promise.all(formed.map((connection) => connection.close({ signal })));
    this.#deps.send({ type: 'leave_room', room: room.name });
  }
}

function tooMany(): PairlaneError {
  return new PairlaneError('server_flooding', `a room of more than ${MAX_MEMBERS_PER_ROOM} members`);
}
