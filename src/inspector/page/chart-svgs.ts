/** The drawn charts, as the build made them. */

import type { ShownMachine } from '../../protocol/inspect.ts';
import negotiationBrief from '../charts/negotiation.brief.svg';
import negotiation from '../charts/negotiation.svg';
import nodeLinkBrief from '../charts/node-link.brief.svg';
import nodeLink from '../charts/node-link.svg';
import pairingBrief from '../charts/pairing.brief.svg';
import pairing from '../charts/pairing.svg';
import playerBrief from '../charts/player.brief.svg';
import player from '../charts/player.svg';
import relayLinkBrief from '../charts/relay-link.brief.svg';
import relayLink from '../charts/relay-link.svg';
import remoteSessionBrief from '../charts/remote-session.brief.svg';
import remoteSession from '../charts/remote-session.svg';
import sessionBrief from '../charts/session.brief.svg';
import session from '../charts/session.svg';

export const chartSvgs: Readonly<Record<ShownMachine, { full: string; brief: string }>> = {
  session: { full: session, brief: sessionBrief },
  pairing: { full: pairing, brief: pairingBrief },
  player: { full: player, brief: playerBrief },
  'relay-link': { full: relayLink, brief: relayLinkBrief },
  'node-link': { full: nodeLink, brief: nodeLinkBrief },
  'remote-session': { full: remoteSession, brief: remoteSessionBrief },
  negotiation: { full: negotiation, brief: negotiationBrief },
};
