/** The machines of a signaling server, as the inspector shows them. */
import { redactMessage } from '../common/redact.ts';
import type { Cluster } from './cluster/cluster.ts';
import { nodeSources, remotesOf, whereabouts } from './cluster/inspector-sources.ts';
import type { RemotePairings } from './cluster/pairing/remote-pairings.ts';
import { RemoteSession } from './cluster/pairing/remote-session.ts';
import { members, type Source, source } from './inspector/source.ts';
import type { Client } from './signaling/client.ts';
import type { PairingHost, Party, ServerPairing } from './signaling/pairing.ts';
import { Seat } from './signaling/seat.ts';
import { ServerSession, type SessionHost } from './signaling/session.ts';

export interface SignalingMachines {
  readonly sessions: ReadonlyMap<string, ServerSession>;
  readonly pairings: ReadonlySet<ServerPairing>;
  readonly sessionHost: SessionHost;
  readonly pairingHost: PairingHost;
  readonly remotePairings: Pick<RemotePairings, 'remoteHost'>;
  readonly cluster: Cluster | undefined;
  /** What disturbs signals on purpose; its text is empty while nothing does. */
  readonly chaos: { readonly text: string } | undefined;
}

export function signalingSources({
  sessions,
  pairings,
  sessionHost,
  pairingHost,
  remotePairings,
  cluster,
  chaos,
}: SignalingMachines): Source[] {
  const remotes = members<ServerPairing, RemoteSession>({
    host: remotePairings.remoteHost,
    of: (pairing) => remotesOf(pairing).map((member) => ({ lane: `remote_${member.side}`, member })),
    takesPart: () => true,
    remotePairRequests: () => false,
    leaves: ({ instance }) => instance.isDone,
  });
  return [
    source<ServerSession>({
      machine: 'session',
      host: sessionHost,
      instances: () => sessions.values(),
      startOf: ({ openedAt }) => openedAt,
      rowOf: ({ id, context, client, seats: [seat] }) => ({
        id,
        ...(client.dialect !== undefined && { dialect: client.dialect }),
        ...(client.knownAs !== undefined && { known_as: client.knownAs }),
        ...(client.game !== undefined && { game: client.game }),
        ...(context.pairings[0] && { peer_id: context.pairings[0].peerId }),
        ...(seat && { epoch: seat.epoch }),
      }),
      isFound: ({ id, client }, query) => id.includes(query) || isKnownAs(client, query),
      gameOf: ({ client }) => client.game,
    }),
    source<ServerPairing>({
      machine: 'pairing',
      host: pairingHost,
      instances: () => pairings,
      startOf: ({ startedAt }) => startedAt,
      rowOf: (pairing) => ({
        id: pairing.initiator.id,
        peer_id: pairing.responder.id,
        epoch: pairing.epoch,
        ...roomIn(pairing),
        ...namesIn(pairing, 'known_as', 'peer_known_as'),
        ...remotesOf(pairing).map(({ side, node }) =>
          whereabouts(side === 'initiator' ? 'id' : 'peer_id', node),
        )[0],
      }),
      isFound: ({ parties, epoch, details }, query) =>
        String(epoch).includes(query) ||
        details.room?.toLowerCase().includes(query) === true ||
        parties.some((party) => party.id.includes(query) || isKnownAs(shownOf(party), query)),
      initiatorNode: (pairing) => remotesOf(pairing).find(({ side }) => side === 'initiator')?.node,
      gameOf: ({ parties }) => clientOf(parties[0])?.game,
      record: {
        kind: 'pairing',
        lane: 'pairing',
        wellState: 'connected',
        // Players do not report that they are connected.
        tellsWell: ({ parties }) => clientOf(parties[0])?.game === undefined,
        headOf: (pairing) => ({
          epoch: pairing.epoch,
          initiator_id: pairing.initiator.id,
          responder_id: pairing.responder.id,
          ...roomIn(pairing),
          ...namesIn(pairing, 'initiator_known_as', 'responder_known_as'),
          ...(chaos?.text && { disturbed: chaos.text }),
        }),
        addressOf: ({ initiator, responder }) => initiator.address ?? responder.address,
        askFlow: ({ parties, epoch }, seconds) => {
          for (const party of parties) clientOf(party)?.askFlow?.(epoch, seconds);
        },
        inputOf: ({ initiator, responder, epoch }) => ({
          initiatorId: initiator.id,
          responderId: responder.id,
          epoch,
        }),
        messageIn(event) {
          const { signal } = event as { signal?: { message: object } };
          return signal && redactMessage(signal.message);
        },
        seatingsOf: ({ seatings }) => seatings,
        members: [
          members<ServerPairing, ServerSession>({
            host: sessionHost,
            of: ({ parties }) =>
              parties.flatMap((party) =>
                party instanceof Seat && party.session instanceof ServerSession
                  ? [{ lane: party.side, member: party.session }]
                  : [],
              ),
            takesPart: () => true,
            remotePairRequests: ({ effects }) => effects.some(({ type }) => type === 'createPairing'),
            // A session that ends gets no further events; its pairing's end comes after this step.
            leaves: ({ event, instance }) => event.type === 'UNPAIRED' || instance.isDone,
          }),
          remotes,
        ],
      },
    }),
    ...(cluster ? nodeSources({ pairings, remotePairings, cluster }) : []),
  ];
}

function clientOf(party: Party): Client | undefined {
  return party instanceof Seat ? party.session.client : undefined;
}

/** How a party's client is shown: of one at another node, only the id that it chose is known. */
function shownOf(party: Party): Shown | undefined {
  return party instanceof RemoteSession ? party.chosen : clientOf(party);
}

type Shown = Pick<Client, 'dialect' | 'knownAs' | 'game'>;

/**
 * Whether a client is known by this id or plays this game.
 * @param query in lower case
 */
function isKnownAs(client: Shown | undefined, query: string): boolean {
  return [client?.knownAs, client?.game].some((name) => name?.toLowerCase().includes(query));
}

function roomIn({ details: { room } }: ServerPairing) {
  return room === undefined ? {} : { room };
}

/** The dialect of its clients, the ids that their users know, and the game that they play, as fields of a row. */
function namesIn({ initiator, responder }: ServerPairing, one: string, other: string) {
  const [a, b] = [shownOf(initiator), shownOf(responder)];
  const dialect = a?.dialect ?? b?.dialect;
  if (dialect === undefined) return {};
  return {
    dialect,
    ...(a?.knownAs !== undefined && { [one]: a.knownAs }),
    ...(b?.knownAs !== undefined && { [other]: b.knownAs }),
    ...(a?.game !== undefined && { game: a.game }),
  };
}
