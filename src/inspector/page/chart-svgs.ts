/** The charts as drawn by the build. */

import type { ShownMachine } from '../../protocol/inspect/inspect-messages.ts';
import negotiationBrief from '../charts/svg/negotiation.brief.svg';
import negotiation from '../charts/svg/negotiation.svg';
import nodeLinkBrief from '../charts/svg/node-link.brief.svg';
import nodeLink from '../charts/svg/node-link.svg';
import pairingBrief from '../charts/svg/pairing.brief.svg';
import pairing from '../charts/svg/pairing.svg';
import relayLinkBrief from '../charts/svg/relay-link.brief.svg';
import relayLink from '../charts/svg/relay-link.svg';
import remoteSessionBrief from '../charts/svg/remote-session.brief.svg';
import remoteSession from '../charts/svg/remote-session.svg';
import sessionBrief from '../charts/svg/session.brief.svg';
import session from '../charts/svg/session.svg';

export const chartSvgs: Readonly<Record<ShownMachine, { full: string; brief: string }>> = {
  session: { full: session, brief: sessionBrief },
  pairing: { full: pairing, brief: pairingBrief },
  'relay-link': { full: relayLink, brief: relayLinkBrief },
  'node-link': { full: nodeLink, brief: nodeLinkBrief },
  'remote-session': { full: remoteSession, brief: remoteSessionBrief },
  negotiation: { full: negotiation, brief: negotiationBrief },
};
