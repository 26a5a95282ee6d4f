/** One moment of each kind: before a pairing, while candidates are gathered, while a way is looked for. */
import { testClosingAt } from '../../support/peers/closing-moments.ts';

testClosingAt(['created', 'offering', 'checking', 15]);
