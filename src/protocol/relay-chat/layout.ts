/**
 * The layout of each relay-chat message: one row per message, used by both encoder and decoder, so that they cannot
 * differ.
 */
import {
  MAX_CONTENT_BYTES,
  MAX_INFO_BYTES,
  MAX_NAME_BYTES,
  type RelayMessageType,
  relayTypeBytes,
} from './relay-messages.ts';

export type Width = 1 | 2 | 4;

export interface Layout {
  readonly type: RelayMessageType;
  readonly typeByte: number;
  /** The fixed fields after the type byte, in order. */
  readonly numbers: readonly { readonly field: string; readonly width: Width }[];
  /** The texts at the end, in order; their lengths follow the numbers in the same order. */
  readonly texts: readonly { readonly field: string; readonly width: Width; readonly maxBytes: number }[];
  /** Bytes before the first text, including the type byte. */
  readonly headerBytes: number;
}

const id = (field: string) => ({ field, width: 4 }) as const;
const content = [{ field: 'content', width: 4, maxBytes: MAX_CONTENT_BYTES }] as const;
const nameAndInfo = [
  { field: 'name', width: 1, maxBytes: MAX_NAME_BYTES },
  { field: 'info', width: 2, maxBytes: MAX_INFO_BYTES },
] as const;

const fields: Readonly<Record<RelayMessageType, Pick<Layout, 'numbers' | 'texts'>>> = {
  server_registration: { numbers: [id('sourceId'), id('lastHopId')], texts: nameAndInfo },
  status: {
    numbers: [id('sourceId'), id('destinationId'), { field: 'code', width: 2 }],
    texts: content,
  },
  server_quit: { numbers: [id('sourceId'), id('replacementId')], texts: content },
  client_registration: { numbers: [id('sourceId'), id('lastHopId')], texts: nameAndInfo },
  client_chat: { numbers: [id('sourceId'), id('destinationId')], texts: content },
  client_quit: { numbers: [id('sourceId')], texts: content },
};

export const layouts: Readonly<Record<RelayMessageType, Layout>> = Object.fromEntries(
  Object.entries(fields).map(([type, { numbers, texts }]) => [
    type,
    {
      type,
      typeByte: relayTypeBytes[type as RelayMessageType],
      numbers,
      texts,
      headerBytes: 1 + [...numbers, ...texts].reduce((sum, { width }) => sum + width, 0),
    },
  ]),
) as unknown as Record<RelayMessageType, Layout>;

/** The layout for a type byte. */
export const layoutsByTypeByte: ReadonlyMap<number, Layout> = new Map(
  Object.values(layouts).map((layout) => [layout.typeByte, layout]),
);

/** No message has a longer header. */
export const MAX_HEADER_BYTES = Math.max(...Object.values(layouts).map((layout) => layout.headerBytes));
