/**
 * One hashed timer wheel for the delays of all hosted machines. It has no clock of its own: the step queue sets its
 * time. Timers live in typed arrays, 40 bytes each, because a server has one or two for every client.
 *
 * Varghese & Lauck, "Hashed and Hierarchical Timing Wheels" (1987), scheme 6.
 */

/** Owns timers; `timer` is the head of the owner's list, begins as `NO_TIMER`, and belongs to the wheel. */
export interface TimerOwner {
  timer: number;
}

export type Fire = (name: string, owner: TimerOwner) => void;

/** The value of `timer` for an owner without timers, and the end of every other list of timers. */
export const NO_TIMER = -1;

const SLOTS = 1024;
/** Due timers that have not fired yet are in their own list, so that an earlier one can still disarm a later one. */
const DUE = SLOTS;

export class TimerWheel {
  /** The time in milliseconds, set by the step queue when an event enters. */
  now: number;
  readonly tickMs: number;
  #tick: number;
  #armed = 0;
  #heads = new Int32Array(SLOTS + 1).fill(NO_TIMER);
  #list = new Int32Array(0);
  #next = new Int32Array(0);
  #previous = new Int32Array(0);
  #sibling = new Int32Array(0);
  #dueTick = new Float64Array(0);
  /** As long as timers were ever armed at once; undefined for released ones. */
  #owners: (TimerOwner | undefined)[] = [];
  /** Index of each timer's name. There are few names, and they are never removed. */
  #name = new Uint16Array(0);
  readonly #names: string[] = [];
  #fire: (Fire | undefined)[] = [];
  /** Released timers, linked by `#next`. */
  #free = NO_TIMER;

  /**
   * @param now the initial time in milliseconds
   * @param tickMs the resolution: a timer fires at most this much late, and never early
   */
  constructor(now = 0, tickMs = 50) {
    this.now = now;
    this.tickMs = tickMs;
    this.#tick = Math.floor(now / tickMs);
  }

  /** How many timers are armed. */
  get size(): number {
    return this.#armed;
  }

  /**
   * Arms the owner's timer of that name; if it is already armed, it restarts.
   * @param name one of a small set
   * @param delayMs from `now`; a delay that is not finite arms nothing
   * @param fire called when the time has come; with many owners, it should be one function for all
   */
  arm(owner: TimerOwner, name: string, delayMs: number, fire: Fire): void {
    this.disarm(owner, name);
    if (!Number.isFinite(delayMs)) return;
    const timer = this.#allocate();
    const dueTick = Math.max(Math.ceil((this.now + delayMs) / this.tickMs), this.#tick + 1);
    this.#owners[timer] = owner;
    this.#name[timer] = this.#numberOf(name);
    this.#fire[timer] = fire;
    this.#dueTick[timer] = dueTick;
    this.#sibling[timer] = owner.timer;
    owner.timer = timer;
    this.#link(timer, dueTick % SLOTS);
    this.#armed += 1;
  }

  disarm(owner: TimerOwner, name: string): void {
    if (!this.#hasTimers(owner)) return;
    const number = this.#numberOf(name);
    for (let timer = owner.timer; timer !== NO_TIMER; timer = this.#sibling[timer] as number) {
      if (this.#name[timer] !== number) continue;
      this.#release(owner, timer);
      return;
    }
  }

  disarmAll(owner: TimerOwner): void {
    while (this.#hasTimers(owner)) this.#release(owner, owner.timer);
  }

  /**
   * Advances the time and fires what is due, in order of ticks.
   * @param budget the most timers to fire, so that ten thousand due at once do not hold up everything else
   * @returns false if the budget ran out; call again soon
   */
  advance(now: number, budget = Number.POSITIVE_INFINITY): boolean {
    this.now = now;
    const target = Math.floor(now / this.tickMs);
    let left = budget;
    for (;;) {
      while (this.#heads[DUE] !== NO_TIMER) {
        if (left === 0) return false;
        left -= 1;
        this.#fireFirstDue();
      }
      if (this.#tick >= target) return true;
      // After a long pause, one turn of the wheel visits every slot; earlier ticks would only visit them again.
      this.#tick = Math.max(this.#tick + 1, target - SLOTS);
      this.#collectDue(this.#tick % SLOTS);
    }
  }

  /** @throws if its timers are not its own: their list would be searched forever, or be that of another owner */
  #hasTimers(owner: TimerOwner): boolean {
    if (owner.timer === NO_TIMER) return false;
    if (this.#owners[owner.timer] !== owner)
      throw new TypeError("A timers' owner has to begin with NO_TIMER");
    return true;
  }

  #fireFirstDue(): void {
    const timer = this.#heads[DUE] as number;
    const owner = this.#owners[timer] as TimerOwner;
    const name = this.#names[this.#name[timer] as number] as string;
    const fire = this.#fire[timer] as Fire;
    this.#release(owner, timer);
    fire(name, owner);
  }

  /** Moves a slot's due timers to the due list; timers for a later turn of the wheel stay. */
  #collectDue(slot: number): void {
    for (let timer = this.#heads[slot] as number; timer !== NO_TIMER; ) {
      const next = this.#next[timer] as number;
      if ((this.#dueTick[timer] as number) <= this.#tick) {
        this.#unlink(timer);
        this.#link(timer, DUE);
      }
      timer = next;
    }
  }

  #link(timer: number, list: number): void {
    const head = this.#heads[list] as number;
    this.#list[timer] = list;
    this.#next[timer] = head;
    this.#previous[timer] = NO_TIMER;
    if (head !== NO_TIMER) this.#previous[head] = timer;
    this.#heads[list] = timer;
  }

  #unlink(timer: number): void {
    const next = this.#next[timer] as number;
    const previous = this.#previous[timer] as number;
    if (next !== NO_TIMER) this.#previous[next] = previous;
    if (previous !== NO_TIMER) this.#next[previous] = next;
    else this.#heads[this.#list[timer] as number] = next;
  }

  #release(owner: TimerOwner, timer: number): void {
    this.#unlink(timer);
    if (owner.timer === timer) owner.timer = this.#sibling[timer] as number;
    else {
      let before = owner.timer;
      while (this.#sibling[before] !== timer) before = this.#sibling[before] as number;
      this.#sibling[before] = this.#sibling[timer] as number;
    }
    this.#owners[timer] = undefined;
    this.#fire[timer] = undefined;
    this.#next[timer] = this.#free;
    this.#free = timer;
    this.#armed -= 1;
  }

  #numberOf(name: string): number {
    const number = this.#names.indexOf(name);
    return number === -1 ? this.#names.push(name) - 1 : number;
  }

  /** @returns a released timer, or else a new one */
  #allocate(): number {
    const released = this.#free;
    if (released !== NO_TIMER) {
      this.#free = this.#next[released] as number;
      return released;
    }
    const added = this.#owners.length;
    if (added === this.#list.length) this.#grow();
    return added;
  }

  #grow(): void {
    const grown = Math.max(64, this.#list.length * 2);
    const copy = (from: Int32Array) => {
      const to = new Int32Array(grown);
      to.set(from);
      return to;
    };
    this.#list = copy(this.#list);
    this.#next = copy(this.#next);
    this.#previous = copy(this.#previous);
    this.#sibling = copy(this.#sibling);
    const dueTick = new Float64Array(grown);
    dueTick.set(this.#dueTick);
    this.#dueTick = dueTick;
    const name = new Uint16Array(grown);
    name.set(this.#name);
    this.#name = name;
  }
}
