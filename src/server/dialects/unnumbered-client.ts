/**
 * The parts of a client that are the same for every wire without numbers: nothing it is sent waits for an ack, is sent
 * again, or moves with it.
 */
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
