/** Who is let in over a relay link, told by hand. */
import { describe, expect, it } from '@jest/globals';
import { type RelayLinkEvent, relayLinkMachine, type Standing } from '../../../src/machines/index.ts';
import { walk } from '../../support/machines/walk.ts';

type Registration = 'server_registration' | 'client_registration';
const registered = (standing: Standing, lastHopId = 0, kind: Registration = 'server_registration') =>
  ({
    type: kind === 'server_registration' ? 'SERVER_REGISTERED' : 'CLIENT_REGISTERED',
    standing,
    message: { type: kind, sourceId: 5, lastHopId, name: '', info: '' },
  }) as RelayLinkEvent;
const reached: RelayLinkEvent = { type: 'PARENT_REACHED' };
const link = (...events: RelayLinkEvent[]) => walk(relayLinkMachine, { isParent: false }, ...events);
const parent = (...events: RelayLinkEvent[]) =>
  walk(relayLinkMachine, { isParent: true }, reached, ...events);

describe('a link that a host opened', () => {
  it.each(['server_registration', 'client_registration'] as const)(
    'is closed at once by a %s that is not first hand, whoever is named',
    (kind) => {
      for (const standing of ['free', 'nobody', 'own', 'behind', 'elsewhere'] as const) {
        const { value, effects } = link(registered(standing, 9, kind));
        expect([value, effects]).toEqual([
          'closed',
          ['closeLink: {"reason":"it sent something else before it registered"}'],
        ]);
      }
    },
  );

  it('refuses an id that is taken, and stays open for another try', () => {
    for (const standing of ['nobody', 'own', 'behind', 'elsewhere'] as const) {
      const { value, effects } = link(registered(standing));
      expect([value, effects]).toEqual(['accepted', ['refuseDuplicate']]);
    }
    expect(link(registered('own'), registered('free')).value).toBe('adjacentServer');
  });
});

describe('the link to the parent', () => {
  it('is closed by the step that refuses its registration, and hears nothing more', () => {
    const status: RelayLinkEvent = {
      type: 'STATUS_RECEIVED',
      destination: 'here',
      message: { type: 'status', sourceId: 5, destinationId: 0, code: 1, content: '' },
    };
    const refused = parent(status);
    expect([refused.value, refused.isDone, refused.effects]).toEqual([
      'closed',
      true,
      ['logStatus', 'closeLink: {"reason":"registration refused"}'],
    ]);
  });

  it('is closed by the step in which the parent announces an id that is known here, and hears nothing more', () => {
    for (const standing of ['nobody', 'own', 'behind', 'elsewhere'] as const) {
      const taken = parent(registered(standing));
      expect([taken.value, taken.isDone, taken.effects]).toEqual([
        'closed',
        true,
        ['refuseDuplicate', 'closeLink: {"reason":"the parent has an id that is known here already"}'],
      ]);
    }
  });
});
