/** A session of another node that is paired with one of ours: its machine, and what may have to be sent to it again. */
import { Hosted, type RemoteSessionContext, type Side } from '../../../machines/index.ts';
import { MAX_UNACKED_BYTES, MAX_UNACKED_FRAMES } from '../../../protocol/index.ts';
import type { ServerPairing, ServerSession } from '../../signaling/sessions.ts';
import type { NodeId } from '../bus/bus.ts';
import type { UnackedFrame } from './unacked-frames.ts';

export class RemoteSession extends Hosted<RemoteSessionContext> {
  readonly id: string;
  /** Where it is; undefined when nobody here knows. */
  node: NodeId | undefined;
  readonly isResumable: boolean;
  pairing: ServerPairing | undefined;
  side: Side = 'initiator';
  /** Of several nodes that say that they have it, the one with the highest is believed. */
  generation = 0;
  /** How often our client had come back when this half was made: what is said to an earlier half of it is not meant. */
  localGeneration = 0;
  /** Whether its peer was told that it is away. */
  isToldAway = false;
  /** What its client may not have yet, in order: it goes to the node that has it next, when this one is lost. */
  readonly unacked: UnackedFrame[] = [];
  #unsettledBytes = 0;
  /** The highest number of its client's messages that came here: what comes again from another node is known by it. */
  lastSenderSeq = 0;

  constructor(id: string, node: NodeId | undefined, isResumable: boolean) {
    super();
    this.id = id;
    this.node = node;
    this.isResumable = isResumable;
  }

  /** The one of ours that it is paired with. */
  get localSession(): ServerSession | undefined {
    return this.pairing?.other(this.side) as ServerSession | undefined;
  }

  /** False while nobody knows where it is: what is for it waits. */
  get isReachable(): boolean {
    return this.node !== undefined && this.value !== 'cutOff' && this.value !== 'moving';
  }

  /** True when more waits than may. */
  get isOverfull(): boolean {
    return this.unacked.length > MAX_UNACKED_FRAMES || this.#unsettledBytes > MAX_UNACKED_BYTES;
  }

  keep(...frames: readonly UnackedFrame[]): void {
    for (const frame of frames) this.#unsettledBytes += frame.text.length;
    this.unacked.push(...frames);
  }

  /** Forgets those of the frames that need not be sent again. */
  drop(isOver: (frame: UnackedFrame) => boolean): void {
    for (let next = this.unacked.length - 1; next >= 0; next -= 1) {
      const frame = this.unacked[next] as UnackedFrame;
      if (!isOver(frame)) continue;
      this.unacked.splice(next, 1);
      this.#unsettledBytes -= frame.text.length;
    }
  }
}
