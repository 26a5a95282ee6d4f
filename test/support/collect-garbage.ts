/** For tests of what is kept: what is garbage is no longer there. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Twice: what the first one finalizes, and the pages that it empties, the second one frees. */
export function collectGarbage(): void {
  collect();
  collect();
}
