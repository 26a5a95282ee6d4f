/** Before a pairing, while candidates are gathered, while a path is sought, when connected, and in between. */
import { testClosingAt } from '../support/peers/closing-moments.ts';

testClosingAt(['created', 'offering', 'answering', 'checking', 'connected', 0, 5, 15, 40, 110, 160]);
