/**
 * Keeps what belongs to other ICE credentials out of a new generation of them. Unpatched, werift takes a question of
 * before an ICE restart, which the peer asks over the old path until it hears of the restart (RFC 7675), for a check of
 * the new generation: it makes a pair of it that nobody described, and signs its own checks with the name of before.
 * And an answer to a check of before ends the checks of the new generation.
 */

interface IceAgent {
  readonly localUsername: string;
  readonly checkList: readonly unknown[];
  checkIncoming(question: Question, ...from: readonly unknown[]): void;
  checkComplete(pair: unknown): void;
}

interface Question {
  getAttributeValue(name: 'USERNAME'): string;
}

/** Patches every ICE agent. What is left out here has been answered. */
export function patchGenerations(prototype: object): void {
  const ice = prototype as IceAgent;
  const { checkIncoming, checkComplete } = ice;
  ice.checkIncoming = function (this: IceAgent, question, ...from) {
    // RFC 8445 section 7.2.2: the name of the one that is asked, and that of the one that asks.
    const [asked] = question.getAttributeValue('USERNAME').split(':');
    if (asked === this.localUsername) checkIncoming.call(this, question, ...from);
  };
  ice.checkComplete = function (this: IceAgent, pair) {
    if (this.checkList.includes(pair)) checkComplete.call(this, pair);
  };
}
