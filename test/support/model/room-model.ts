/**
 * What each client hears of one room: a model written from docs/rooms.md and docs/protocol.md, not from the machines.
 * It is told what a client does, and returns who hears what, in order.
 */

export type RoomDid =
  | { readonly do: 'join'; readonly password: 'right' | 'wrong' }
  | { readonly do: 'lock'; readonly isLocked: boolean }
  | { readonly do: 'leave' | 'vanish' | 'update' };

export type HeardOfRoom =
  | {
      readonly type: 'room_joined';
      readonly peers: readonly string[];
      readonly leader: string | null;
      readonly locked: boolean;
    }
  | { readonly type: 'peer_joined' | 'peer_updated'; readonly id: string }
  | { readonly type: 'peer_left'; readonly id: string; readonly reason: string }
  | { readonly type: 'leader'; readonly id: string | null }
  | { readonly type: 'room_locked'; readonly locked: boolean }
  | { readonly type: 'error'; readonly code: string };

/** What its creator decides. */
export interface RoomOrder {
  readonly maxSize: number;
  readonly isLocked: boolean;
  /** The client that leads whenever it is a member; undefined: the member that has been in it longest. */
  readonly leader: string | undefined;
}

export class RoomModel {
  readonly #order: RoomOrder;
  /** Oldest first. */
  #members: readonly string[] = [];
  #isLocked = false;
  /** Whether its options are kept: it has members, or had some until a moment ago. */
  #isThere = false;
  readonly #heard = new Map<string, HeardOfRoom[]>();

  constructor(order: RoomOrder) {
    this.#order = order;
  }

  /** The name of the state that it is in. */
  get state(): 'open' | 'locked' | 'closing' | 'closed' {
    if (!this.#isThere) return 'closed';
    if (this.#members.length === 0) return 'closing';
    return this.#isLocked ? 'locked' : 'open';
  }

  /** @returns what each client hears */
  step(who: string, did: RoomDid): ReadonlyMap<string, readonly HeardOfRoom[]> {
    this.#heard.clear();
    const isMember = this.#members.includes(who);
    if (did.do === 'join') this.#join(who, did.password);
    else if (isMember) this.#take(who, did);
    else if (did.do !== 'vanish') this.#tell(who, { type: 'error', code: 'not_in_room' });
    return this.#heard;
  }

  /** The operator ends it. */
  end(): ReadonlyMap<string, readonly HeardOfRoom[]> {
    this.#heard.clear();
    for (const member of this.#members)
      this.#tell(member, { type: 'peer_left', id: member, reason: 'closed' });
    this.#members = [];
    this.#isThere = false;
    return this.#heard;
  }

  /** It has been empty for so long that its name is free. */
  expire(): void {
    this.#isThere = false;
  }

  get #leader(): string | null {
    const { leader } = this.#order;
    if (leader === undefined) return this.#members[0] ?? null;
    return this.#members.includes(leader) ? leader : null;
  }

  #take(member: string, did: Exclude<RoomDid, { do: 'join' }>): void {
    if (did.do === 'lock') this.#lock(member, did.isLocked);
    else if (did.do === 'update') this.#tellAll({ type: 'peer_updated', id: member });
    else this.#remove(member, did.do === 'leave' ? 'left' : 'disconnected');
  }

  #join(who: string, password: 'right' | 'wrong'): void {
    const isMember = this.#members.includes(who);
    const code = this.#isThere && !isMember ? this.#refusal(password) : undefined;
    if (isMember) this.#welcome(who);
    else if (code) this.#tell(who, { type: 'error', code });
    else this.#admit(who);
  }

  #admit(who: string): void {
    // Its creator decides all options.
    if (!this.#isThere) this.#isLocked = this.#order.isLocked;
    this.#isThere = true;
    const before = this.#leader;
    this.#members = [...this.#members, who];
    this.#welcome(who);
    for (const other of this.#members) if (other !== who) this.#tell(other, { type: 'peer_joined', id: who });
    this.#tellLeader(before, who);
  }

  /** A wrong password is checked first: the client learns nothing else about the room. */
  #refusal(password: 'right' | 'wrong'): string | undefined {
    if (password === 'wrong') return 'wrong_password';
    if (this.#isLocked) return 'room_locked';
    return this.#members.length >= this.#order.maxSize ? 'room_full' : undefined;
  }

  #welcome(who: string): void {
    const peers = this.#members.filter((other) => other !== who);
    this.#tell(who, { type: 'room_joined', peers, leader: this.#leader, locked: this.#isLocked });
  }

  #remove(who: string, reason: string): void {
    const before = this.#leader;
    const left = { type: 'peer_left', id: who, reason } as const;
    // The client that asked to leave is told, too.
    if (reason === 'left') this.#tell(who, left);
    this.#members = this.#members.filter((other) => other !== who);
    this.#tellAll(left);
    this.#tellLeader(before);
  }

  #lock(who: string, isLocked: boolean): void {
    const locked = { type: 'room_locked', locked: isLocked } as const;
    if (who !== this.#leader) this.#tell(who, { type: 'error', code: 'not_leader' });
    // Nothing changes for the others.
    else if (isLocked === this.#isLocked) this.#tell(who, locked);
    else {
      this.#isLocked = isLocked;
      this.#tellAll(locked);
    }
  }

  /** @param joiner learns it from `room_joined` */
  #tellLeader(before: string | null, joiner?: string): void {
    const leader = this.#leader;
    if (leader === before) return;
    for (const member of this.#members)
      if (member !== joiner) this.#tell(member, { type: 'leader', id: leader });
  }

  #tellAll(heard: HeardOfRoom): void {
    for (const member of this.#members) this.#tell(member, heard);
  }

  #tell(to: string, heard: HeardOfRoom): void {
    this.#heard.set(to, [...(this.#heard.get(to) ?? []), heard]);
  }
}
