import { expect, it } from '@jest/globals';
import { resolveOptions } from '../../../src/client/peer/peer-options.ts';

const url = 'ws://127.0.0.1/';

it.each(['maxRetransmits', 'maxPacketLifeTime'])(
  '%s of a channel is a whole number from 0 to 65,535',
  (limit) => {
    const resolve = (value: number) =>
      resolveOptions({ url, channels: [{ label: 'moves', [limit]: value }] });
    for (const value of [0, 65_535])
      expect(resolve(value).channels[1]).toEqual({ label: 'moves', [limit]: value });
    for (const value of [-1, 65_536, 1.5]) expect(() => resolve(value)).toThrow(`from 0 to 65535`);
  },
);
