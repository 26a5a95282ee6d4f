import { describe, expect, it } from '@jest/globals';
import {
  encodeRelayMessage,
  MAX_CONTENT_BYTES,
  RelayDecoder,
  RelayFormatError,
  type RelayMessage,
  relayTypeBytes,
} from '../../../src/protocol/relay-chat/index.ts';
import fc from '../../support/fast-check.ts';
import { anyRelayMessage, handBytes } from '../../support/relay/relay-messages.ts';

function decodeInPieces(bytes: Uint8Array, cuts: readonly number[]): RelayMessage[] {
  const decoder = new RelayDecoder();
  const messages: RelayMessage[] = [];
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  let start = 0;
  for (const end of ends) {
    // A copy of each piece, overwritten afterwards: the decoder must not lean on the caller's memory.
    const piece = Uint8Array.from(bytes.subarray(start, end));
    decoder.read(piece, (message) => messages.push(message));
    piece.fill(0xaa);
    start = end;
  }
  expect(decoder.bufferedBytes).toBe(0);
  return messages;
}

const byHand: readonly { what: string; message: RelayMessage; bytes: Buffer }[] = [
  {
    what: 'server registration',
    message: { type: 'server_registration', sourceId: 7, lastHopId: 0, name: 'hub', info: 'höher' },
    bytes: handBytes(
      0x00,
      [
        [4, 7],
        [4, 0],
        [1, 3],
        [2, 6],
      ],
      'hub',
      'höher',
    ),
  },
  {
    what: 'status',
    message: { type: 'status', sourceId: 7, destinationId: 0xffffffff, code: 2, content: 'no' },
    bytes: handBytes(
      0x01,
      [
        [4, 7],
        [4, 0xffffffff],
        [2, 2],
        [4, 2],
      ],
      'no',
    ),
  },
  {
    what: 'server quit',
    message: { type: 'server_quit', sourceId: 7, replacementId: 8, content: 'bye' },
    bytes: handBytes(
      0x02,
      [
        [4, 7],
        [4, 8],
        [4, 3],
      ],
      'bye',
    ),
  },
  {
    what: 'client registration',
    message: { type: 'client_registration', sourceId: 258, lastHopId: 7, name: 'ada', info: '' },
    bytes: handBytes(
      0x80,
      [
        [4, 258],
        [4, 7],
        [1, 3],
        [2, 0],
      ],
      'ada',
    ),
  },
  {
    what: 'client chat',
    message: { type: 'client_chat', sourceId: 1, destinationId: 2, content: 'hello' },
    bytes: handBytes(
      0x81,
      [
        [4, 1],
        [4, 2],
        [4, 5],
      ],
      'hello',
    ),
  },
  {
    what: 'client quit',
    message: { type: 'client_quit', sourceId: 1, content: '' },
    bytes: handBytes(0x82, [
      [4, 1],
      [4, 0],
    ]),
  },
];

describe('the relay-chat codec', () => {
  it.each(byHand)('writes and reads a $what as the protocol lays it out', ({ message, bytes }) => {
    expect(Buffer.from(encodeRelayMessage(message))).toEqual(bytes);
    expect(decodeInPieces(bytes, [])).toEqual([message]);
  });

  it('gives back what was encoded, however the stream is cut', () => {
    fc.assert(
      fc.property(
        fc.array(anyRelayMessage, { minLength: 1, maxLength: 8 }),
        fc.array(fc.nat(), { maxLength: 20 }),
        (messages, cuts) => {
          const bytes = Buffer.concat(messages.map(encodeRelayMessage));
          expect(decodeInPieces(bytes, cuts)).toEqual(messages);
        },
      ),
    );
  });

  it('gives back what was encoded when the stream comes one byte at a time', () => {
    fc.assert(
      fc.property(fc.array(anyRelayMessage, { minLength: 1, maxLength: 4 }), (messages) => {
        const bytes = Buffer.concat(messages.map(encodeRelayMessage));
        expect(decodeInPieces(bytes, [...bytes.keys()])).toEqual(messages);
      }),
    );
  });

  it.each(['status', 'server_quit', 'client_chat', 'client_quit'] as const)(
    'refuses a %s that claims 4 GiB at its header, and makes no room for it',
    (type) => {
      const fields = { status: 10, server_quit: 8, client_chat: 8, client_quit: 4 }[type];
      const header = Buffer.concat([
        Buffer.from([relayTypeBytes[type]]),
        Buffer.alloc(fields, 1),
        Buffer.alloc(4, 0xff),
      ]);
      const decoder = new RelayDecoder();
      const take = () => {
        throw new Error('no message is there');
      };
      for (const byte of header.subarray(0, -1)) decoder.read(Buffer.from([byte]), take);
      expect(() => decoder.read(header.subarray(-1), take)).toThrow(
        `a ${type} claims 4294967295 bytes of content; at most ${MAX_CONTENT_BYTES} are allowed`,
      );
      expect(decoder.bufferedBytes).toBe(0);
    },
  );

  it('takes a content of exactly the bound, and refuses one byte more', () => {
    const chat = (content: string) =>
      ({ type: 'client_chat', sourceId: 1, destinationId: 2, content }) as const;
    const longest = chat('x'.repeat(MAX_CONTENT_BYTES));
    expect(decodeInPieces(encodeRelayMessage(longest), [5, 100])).toEqual([longest]);
    expect(() => encodeRelayMessage(chat('x'.repeat(MAX_CONTENT_BYTES + 1)))).toThrow(RangeError);
  });

  it('refuses to encode a name that is too long in bytes, and a number that does not fit', () => {
    const registration = {
      type: 'client_registration',
      sourceId: 1,
      lastHopId: 0,
      name: '',
      info: '',
    } as const;
    expect(() => encodeRelayMessage({ ...registration, name: 'é'.repeat(128) })).toThrow(
      'name is 256 bytes long; at most 255 are allowed',
    );
    for (const sourceId of [-1, 2 ** 32, 1.5, Number.NaN])
      expect(() => encodeRelayMessage({ ...registration, sourceId })).toThrow(RangeError);
  });

  it('hands out the messages before a fault, names the fault, and reads no more', () => {
    const good = byHand[4] as (typeof byHand)[number];
    const decoder = new RelayDecoder();
    const messages: RelayMessage[] = [];
    const take = (message: RelayMessage) => messages.push(message);
    expect(() => decoder.read(Buffer.concat([good.bytes, Buffer.from([0x47])]), take)).toThrow(
      'no message starts with byte 0x47',
    );
    expect(() => decoder.read(good.bytes, take)).toThrow(RelayFormatError);
    expect(messages).toEqual([good.message]);
  });

  it('refuses a text that is not UTF-8', () => {
    const bytes = handBytes(0x82, [
      [4, 1],
      [4, 2],
    ]);
    expect(() =>
      new RelayDecoder().read(Buffer.concat([bytes, Buffer.from([0xc3, 0x28])]), () => {}),
    ).toThrow('the content of a client_quit is not UTF-8');
  });

  it('survives any bytes: messages, or a format error, and never more room than one message', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 10 }), (pieces) => {
        const decoder = new RelayDecoder();
        try {
          for (const piece of pieces) decoder.read(piece, () => {});
        } catch (error) {
          expect(error).toBeInstanceOf(RelayFormatError);
        }
        expect(decoder.bufferedBytes).toBeLessThan(2 * MAX_CONTENT_BYTES);
      }),
    );
  });
});
