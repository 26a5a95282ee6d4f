/** A client of a wire that numbers nothing: nothing that it was sent waits to be acked, is asked for again, or moves with it. */
export abstract class UnnumberedClient {
  nextSenderSeq(): number {
    return 0;
  }

  acked(): void {}

  isWaitingFor(): boolean {
    return false;
  }

  unackedOf(): readonly [] {
    return [];
  }

  moveAway(): void {}
}
