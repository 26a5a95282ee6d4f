/** For tests of memory use: collects garbage. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Twice: the second run frees what the first one finalizes, and the pages that it empties. */
export function collectGarbage(): void {
  collect();
  collect();
}
