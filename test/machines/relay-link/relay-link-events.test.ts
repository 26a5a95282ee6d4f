/** What a message is to a relay link: made from any network and any message, judged by a plain list of the hosts. */
import { describe, expect, it } from '@jest/globals';
import { relayLinkEvent } from '../../../src/machines/relay-link/relay-link-events.ts';
import { type RelayHost, RelayTable } from '../../../src/machines/relay-link/relay-table.ts';
import type { RelayMessage } from '../../../src/protocol/relay-chat/index.ts';
import fc from '../../support/fast-check.ts';

const OWN_ID = 1;
const LINKS = [2, 3];
const anyId = fc.integer({ min: 0, max: 6 });
const details = { lastHopId: 2, name: 'name', info: '' };

/** Hosts with different ids, none of which is 0 or this server's. */
const anyHosts = fc.uniqueArray(
  fc.record({
    id: fc.integer({ min: 2, max: 6 }),
    kind: fc.constantFrom('server' as const, 'client' as const),
    firstHop: fc.constantFrom(...LINKS),
    name: fc.constant('name'),
    info: fc.constant(''),
  }),
  { selector: ({ id }) => id, maxLength: 5 },
);
const anyMessage: fc.Arbitrary<RelayMessage> = fc
  .record({ sourceId: anyId, destinationId: anyId })
  .chain(({ sourceId, destinationId }) =>
    fc.constantFrom<RelayMessage>(
      { type: 'server_registration', sourceId, ...details },
      { type: 'client_registration', sourceId, ...details },
      { type: 'status', sourceId, destinationId, code: 2, content: '' },
      { type: 'client_chat', sourceId, destinationId, content: '' },
      { type: 'client_quit', sourceId, content: '' },
      { type: 'server_quit', sourceId, replacementId: 1, content: '' },
    ),
  );

function standingIn(hosts: readonly RelayHost[], id: number, link: number | undefined): string {
  if (id === 0) return 'nobody';
  if (id === OWN_ID) return 'own';
  const over = hosts.filter((host) => host.id === id).map(({ firstHop }) => firstHop);
  if (over.length === 0) return 'free';
  return link !== undefined && over.includes(link) ? 'behind' : 'elsewhere';
}

/** A host writes to itself over its own link; to all others nothing goes back where it came from. */
function destinationIn(
  hosts: readonly RelayHost[],
  link: number | undefined,
  { sourceId, destinationId, type }: RelayMessage & { destinationId: number },
): string {
  if (destinationId === OWN_ID) return 'here';
  if (destinationId === 0 && type === 'status') return 'here';
  const ways = hosts
    .filter(({ id }) => id === destinationId)
    .filter(({ firstHop }) => destinationId === sourceId || firstHop !== link);
  return ways.length > 0 ? 'known' : 'unknown';
}

function expectedEvent(hosts: readonly RelayHost[], link: number | undefined, message: RelayMessage): object {
  const isFrom = (...kinds: string[]) =>
    hosts.some(
      ({ id, kind, firstHop }) => id === message.sourceId && kinds.includes(kind) && firstHop === link,
    );
  switch (message.type) {
    case 'server_registration':
      return { type: 'SERVER_REGISTERED', standing: standingIn(hosts, message.sourceId, link) };
    case 'client_registration':
      return { type: 'CLIENT_REGISTERED', standing: standingIn(hosts, message.sourceId, link) };
    case 'status':
      return { type: 'STATUS_RECEIVED', destination: destinationIn(hosts, link, message) };
    case 'client_chat':
      return {
        type: 'CHAT_RECEIVED',
        isFromBehind: isFrom('server', 'client'),
        destination: destinationIn(hosts, link, message),
      };
    case 'client_quit':
      return { type: 'CLIENT_QUIT', isFromBehind: isFrom('client') };
    case 'server_quit':
      return { type: 'SERVER_QUIT', isFromBehind: isFrom('server') };
  }
}

describe('the event that a message is to a relay link', () => {
  it('says of its source and its destination what a plain list of the hosts does', () => {
    fc.assert(
      fc.property(anyHosts, fc.constantFrom(undefined, ...LINKS), anyMessage, (hosts, link, message) => {
        const table = new RelayTable(OWN_ID);
        for (const host of hosts) table.add(host);
        expect(relayLinkEvent(table, link, message)).toEqual({
          ...expectedEvent(hosts, link, message),
          message,
        });
      }),
      { numRuns: 500 },
    );
  });
});
