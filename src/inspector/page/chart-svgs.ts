/** The drawn charts, as the build made them. */

import negotiationBrief from '../charts/negotiation.brief.svg';
import negotiation from '../charts/negotiation.svg';
import pairingBrief from '../charts/pairing.brief.svg';
import pairing from '../charts/pairing.svg';
import sessionBrief from '../charts/session.brief.svg';
import session from '../charts/session.svg';

export const chartSvgs = {
  session: { full: session, brief: sessionBrief },
  pairing: { full: pairing, brief: pairingBrief },
  negotiation: { full: negotiation, brief: negotiationBrief },
} as const;

export type DrawnMachine = keyof typeof chartSvgs;
