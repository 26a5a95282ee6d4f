import { describe, expect, it } from '@jest/globals';
import {
  hostOf,
  type RelayHost,
  RelayTable,
  registrationOf,
} from '../../../src/machines/relay-link/relay-table.ts';
import fc from '../../support/fast-check.ts';

const OWN_ID = 1;
const LINKS = [2, 3, 4];

type Change =
  | { readonly do: 'add'; readonly id: number; readonly link: number; readonly isServer: boolean }
  | { readonly do: 'remove'; readonly id: number }
  | { readonly do: 'lose'; readonly link: number };

const anyChange: fc.Arbitrary<Change> = fc.oneof(
  fc.record({
    do: fc.constant('add' as const),
    id: fc.integer({ min: 0, max: 12 }),
    link: fc.constantFrom(...LINKS),
    isServer: fc.boolean(),
  }),
  fc.record({ do: fc.constant('remove' as const), id: fc.integer({ min: 0, max: 12 }) }),
  fc.record({ do: fc.constant('lose' as const), link: fc.constantFrom(...LINKS) }),
);

const hostAt = (id: number, firstHop: number, isServer: boolean): RelayHost => ({
  id,
  kind: isServer ? 'server' : 'client',
  name: `host ${id}`,
  info: '',
  firstHop,
});

describe('the routing table', () => {
  it('keeps 64 MiB of names and infos, and has room again when a host is gone', () => {
    const table = new RelayTable(OWN_ID);
    const large = { ...hostAt(0, 2, false), name: '', info: 'x'.repeat(64 * 1024) };
    for (let id = 2; id < 2 + 1_024; id += 1) {
      expect(table.hasRoomFor(large)).toBe(true);
      table.add({ ...large, id });
    }
    expect(table.hasRoomFor({ name: 'n', info: '' })).toBe(false);
    table.remove(2);
    expect(table.hasRoomFor(large)).toBe(true);
  });

  it('keeps 100,000 hosts', () => {
    const table = new RelayTable(OWN_ID);
    for (let id = 2; id < 2 + 100_000; id += 1) table.add(hostAt(id, 2, false));
    expect(table.hasRoomFor({ name: '', info: '' })).toBe(false);
  });

  it('agrees with a plain list of hosts, whatever is added, removed and lost', () => {
    fc.assert(
      fc.property(fc.array(anyChange, { maxLength: 60 }), (changes) => {
        const table = new RelayTable(OWN_ID);
        let model: RelayHost[] = [];
        for (const change of changes) {
          if (change.do === 'add') {
            const { id, link, isServer } = change;
            const known = model.find((host) => host.id === id);
            const standing =
              id === 0
                ? 'nobody'
                : id === OWN_ID
                  ? 'own'
                  : !known
                    ? 'free'
                    : known.firstHop === link
                      ? 'behind'
                      : 'elsewhere';
            expect(table.standingOf(id, link)).toBe(standing);
            expect(table.isBehind(id, link)).toBe(standing === 'behind');
            const host = hostAt(id, link, isServer);
            if (standing === 'free') {
              table.add(host);
              model.push(host);
            } else expect(() => table.add(host)).toThrow('in use');
          } else if (change.do === 'remove') {
            table.remove(change.id);
            model = model.filter(({ id }) => id !== change.id);
          } else {
            const lost = table.behind(change.link);
            expect(lost).toEqual(model.filter(({ firstHop }) => firstHop === change.link));
            for (const { id } of lost) table.remove(id);
            model = model.filter(({ firstHop }) => firstHop !== change.link);
          }
          expect([...table.hosts()]).toEqual(model);
          expect(table.size).toBe(model.length);
          for (const kind of ['server', 'client'] as const)
            expect([...table.adjacent(kind)]).toEqual(
              model.filter((host) => host.kind === kind && host.firstHop === host.id).map(({ id }) => id),
            );
          for (let id = 0; id <= 12; id += 1)
            expect(table.firstHopTo(id)).toBe(model.find((host) => host.id === id)?.firstHop);
        }
      }),
    );
  });

  it('announces a host as it was announced, with another last hop', () => {
    const registration = {
      type: 'client_registration',
      sourceId: 9,
      lastHopId: 2,
      name: 'n',
      info: 'i',
    } as const;
    expect(registrationOf(hostOf(registration, 2), OWN_ID)).toEqual({ ...registration, lastHopId: OWN_ID });
  });
});
