/** The effects of a link's machine: the protocol's rules, as changes of the table and messages to send. */
import {
  type CloseReason,
  type Executors,
  eventOf,
  type RelayLinkEvent,
  type relayLinkMachine,
} from '../../machines/index.ts';
import { hostOf } from '../../machines/relay-link/relay-table.ts';
import {
  duplicateText,
  encodeRelayMessage,
  type RelayMessage,
  type Status,
  statusCodes,
  statusTexts,
} from '../../protocol/relay-chat/index.ts';
import { FROM } from '../telemetry/logger.ts';
import type { RelayLink, RelayLinkOwner } from './relay-link.ts';

/** What other hosts read about a host that did not say goodbye. */
export const LOST_TEXT = 'The connection was lost';

const registrationIn = (event: RelayLinkEvent) =>
  eventOf(event, 'SERVER_REGISTERED', 'CLIENT_REGISTERED').message;

function hostIdOf(link: RelayLink): number {
  const { hostId } = link.context;
  if (hostId === undefined) throw new Error('nobody has registered over this link');
  return hostId;
}

/** The 1st, 10th, 100th rejected message is logged: a host must not fill the disk with log lines. */
const isWorthALine = (count: number) => Number.isInteger(Math.log10(count));

const ordinaryReasons: ReadonlySet<CloseReason> = new Set([
  'it quit',
  'the other end closed it',
  'this server stops',
]);

export function relayLinkEffects(node: RelayLinkOwner): Executors<typeof relayLinkMachine, RelayLink> {
  const { log } = node.options;
  const ownId = node.options.id;

  const statusTo = (destinationId: number, code: number, content: string): Status => ({
    type: 'status',
    sourceId: ownId,
    destinationId,
    code,
    content,
  });

  const passOver = (link: RelayLink, event: RelayLinkEvent, reason: string) => {
    link.rejections += 1;
    if (isWorthALine(link.rejections))
      log.warn(
        {
          event: 'relay_message_dropped',
          link: link.number,
          host: link.context.hostId,
          cause: event.type,
          count: link.rejections,
        },
        `passed over ${reason}`,
      );
  };

  /** All known hosts, for a newcomer, which is not told about itself. */
  const introduction = (newcomer: number, isForClient: boolean): Uint8Array[] =>
    [...node.table.hosts()]
      .filter((host) => host.firstHop !== newcomer && (host.kind === 'client' || !isForClient))
      .map((host) => node.announcementOf(host));

  const adopt = (link: RelayLink, event: RelayLinkEvent, greeting: readonly RelayMessage[]) => {
    const host = hostOf(registrationIn(event), hostIdOf(link));
    node.addAdjacent(link, host);
    link.port.introduce([
      ...greeting.map(encodeRelayMessage),
      ...introduction(host.id, host.kind === 'client'),
    ]);
    node.announce(host);
    log.info(
      { event: 'relay_registered', link: link.number, host: host.id, kind: host.kind, [FROM]: '' },
      `${host.kind} ${host.id} registered`,
    );
  };

  const noteEnd = (link: RelayLink, reason: CloseReason, detail: string) => {
    const { withdrawn } = link;
    if (withdrawn.length > 0)
      node.history.gone(reason === 'it quit' ? 'left' : 'lost', withdrawn, reason + detail);
    else if (!ordinaryReasons.has(reason)) node.history.refused(reason + detail);
  };

  return {
    registerWithParent: (link) => link.port.send(encodeRelayMessage(node.ownRegistration(0))),

    adoptServer: (link, event) => adopt(link, event, [node.ownRegistration(ownId)]),

    adoptParent(link, event) {
      adopt(link, event, []);
      node.options.onParentAdopted?.();
    },

    adoptClient(link, event) {
      const { sourceId, name } = registrationIn(event);
      adopt(link, event, [statusTo(sourceId, statusCodes.welcome, statusTexts.welcome(name))]);
    },

    learnHost: (link, event) => node.learn(registrationIn(event), hostIdOf(link)),

    displaceHost(link, event) {
      const message = registrationIn(event);
      const holder = node.table.get(message.sourceId);
      if (!holder) return;
      log.warn(
        { event: 'relay_id_taken', link: link.number, host: holder.id },
        'the parent has that id, so it is taken from ours',
      );
      const adjacent = node.linkTo(holder.id);
      if (adjacent) node.displace(adjacent);
      else {
        node.table.remove(holder.id);
        node.history.gone('lost', [holder], 'its id is in use on the side of the parent');
        node.announceQuit(holder, duplicateText(message), ownId);
      }
      // After the step that frees the id, the announcement is handled like any other.
      node.receiveAgain(link, message);
    },

    refuseDuplicate(link, event) {
      const registration = registrationIn(event);
      link.port.send(encodeRelayMessage(statusTo(0, statusCodes.duplicateId, duplicateText(registration))));
      node.history.refused('its id is in use', hostOf(registration, registration.sourceId));
      link.rejections += 1;
      if (isWorthALine(link.rejections))
        log.warn(
          { event: 'relay_refused', link: link.number, host: registration.sourceId },
          'refused a registration: id in use',
        );
    },

    tellDisplaced(link, _event, { kind }) {
      const id = hostIdOf(link);
      const text = kind === 'server' ? statusTexts.duplicateServer(id) : statusTexts.duplicateClient(id);
      link.port.send(encodeRelayMessage(statusTo(0, statusCodes.duplicateId, text)));
    },

    forward(_link, event) {
      const message = eventOf(event, 'STATUS_RECEIVED', 'CHAT_RECEIVED').message;
      node.route(message.destinationId, message);
    },

    reportUnknownId(_link, event) {
      const { sourceId, destinationId } = eventOf(event, 'CHAT_RECEIVED').message;
      node.route(sourceId, statusTo(sourceId, statusCodes.unknownId, statusTexts.unknownId(destinationId)));
    },

    takeChat(link, event) {
      const { sourceId, content } = eventOf(event, 'CHAT_RECEIVED').message;
      const source = node.table.get(sourceId);
      if (source && node.options.onChat?.(source, content)) return;
      passOver(link, event, 'a chat to this server, which is nobody to chat with');
    },

    logStatus(link, event) {
      const status = eventOf(event, 'STATUS_RECEIVED').message;
      const { code, sourceId, content } = status;
      if (node.options.onStatus?.(status)) return;
      node.statusLog.append(content);
      log.debug(
        { event: 'relay_status', link: link.number, from: sourceId, code },
        'a status came for this server',
      );
    },

    forgetHost(link, event) {
      const message = eventOf(event, 'CLIENT_QUIT', 'SERVER_QUIT').message;
      const host = node.table.get(message.sourceId);
      if (!host) return;
      node.table.remove(host.id);
      // What hosts write in their farewells is theirs: only our own text is looked at.
      if (message.content === LOST_TEXT) node.history.gone('lost', [host], 'its link was lost');
      else node.history.gone('left', [host], 'it quit');
      const replacementId = message.type === 'server_quit' ? message.replacementId : ownId;
      node.announceQuit(host, message.content, replacementId, hostIdOf(link));
    },

    withdrawHosts(link, event) {
      const hostId = hostIdOf(link);
      const farewell =
        event.type === 'CLIENT_QUIT' || event.type === 'SERVER_QUIT' ? event.message : undefined;
      link.withdrawn = node.table.behind(hostId);
      for (const host of link.withdrawn) {
        node.table.remove(host.id);
        if (node.isStopping) continue;
        const said = host.id === hostId ? farewell : undefined;
        const replacementId = said?.type === 'server_quit' ? said.replacementId : ownId;
        node.announceQuit(host, said?.content ?? LOST_TEXT, replacementId, hostId);
      }
    },

    attachToReplacement(link, event) {
      if (link.context.isParent) node.options.onParentQuit?.(eventOf(event, 'SERVER_QUIT').message.content);
    },

    rejectMessage: (link, event, { reason }) => passOver(link, event, reason),

    closeLink(link, event, { reason }) {
      const detail = event.type === 'BYTES_REFUSED' ? `: ${event.reason}` : '';
      const isOrdinary = ordinaryReasons.has(reason);
      log[isOrdinary ? 'info' : 'warn'](
        { event: 'relay_link_closed', link: link.number, host: link.context.hostId, [FROM]: '' },
        `link closed: ${reason}${detail}`,
      );
      if (!node.isStopping) noteEnd(link, reason, detail);
      node.drop(link, reason);
      if (reason === 'it does not read what it is sent') link.port.cut();
      else link.port.close();
    },
  };
}
