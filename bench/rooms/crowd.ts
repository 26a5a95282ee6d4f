/** Many rooms with members spread over nodes; waits until their meshes are whole. */
import { Member } from './member.ts';

/** Members that join concurrently; the next one starts when one is in. */
const AT_ONCE = 64;

export class RoomCrowd {
  readonly members: Member[] = [];
  readonly rooms: Member[][] = [];
  #check: (() => void) | undefined;

  /** @param urlOf the address for the member with that number, called each time it connects */
  constructor(rooms: number, size: number, urlOf: (n: number) => string) {
    for (let room = 0; room < rooms; room += 1) {
      const members = Array.from({ length: size }, (_, n) => {
        const number = room * size + n;
        return new Member(
          `room ${room}`,
          size,
          () => urlOf(number),
          () => this.#check?.(),
        );
      });
      this.rooms.push(members);
      this.members.push(...members);
    }
  }

  /**
   * Joins room after room, and waits until each mesh is whole.
   * @param done called with the number of whole rooms
   */
  async join(deadlineMs: number, done: (whole: number) => void): Promise<void> {
    const atOnce = Math.max(1, Math.floor(AT_ONCE / (this.rooms[0]?.length ?? 1)));
    let whole = 0;
    const waiting = [...this.rooms];
    const take = async () => {
      for (let room = waiting.shift(); room; room = waiting.shift()) {
        for (const member of room) member.connect();
        const members = room;
        await until(() => members.every((member) => member.isWhole), deadlineMs, 'a whole mesh');
        whole += 1;
        done(whole);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, take));
  }

  /** Members that are in no room, or have an edge that is neither connected nor missing for a given reason. */
  get unnamed(): number {
    return this.members.filter((member) => !member.isAccountedFor).length;
  }

  get wholeRooms(): number {
    return this.rooms.filter((room) => room.every((member) => member.isWhole)).length;
  }

  close(): void {
    for (const member of this.members) member.close();
  }
}

const POLL_MS = 5;

/** @throws if the fact does not hold in time */
export async function until(fact: () => boolean, deadlineMs: number, what: string): Promise<void> {
  const deadline = performance.now() + deadlineMs;
  while (!fact()) {
    if (performance.now() > deadline) throw new Error(`${what} did not come within ${deadlineMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
