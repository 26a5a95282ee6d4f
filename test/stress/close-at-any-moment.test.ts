/** The moments that the short test of client/peer leaves out. */
import { testClosingAt } from '../support/peers/closing-moments.ts';

testClosingAt(['answering', 'connected', 0, 5, 40, 110, 160]);
