/** Merges the output of several processes into one stream without splitting lines. */
import type { Readable, Writable } from 'node:stream';

/** The maximum length of a line; a longer one is split, so that the buffer stays bounded. */
const MAX_LINE_BYTES = 1024 * 1024;

const LINE_FEED = 10;

export function forwardLines(from: Readable, to: Writable): void {
  let held: Buffer = Buffer.alloc(0);
  from.on('data', (chunk: Buffer) => {
    const end = chunk.lastIndexOf(LINE_FEED) + 1;
    if (end > 0) {
      to.write(Buffer.concat([held, chunk.subarray(0, end)]));
      held = Buffer.from(chunk.subarray(end));
    } else held = Buffer.concat([held, chunk]);
    if (held.length > MAX_LINE_BYTES) flush();
  });
  const flush = () => {
    if (held.length > 0) to.write(Buffer.concat([held, Buffer.from([LINE_FEED])]));
    held = Buffer.alloc(0);
  };
  from.once('end', flush);
}
