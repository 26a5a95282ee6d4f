/**
 * The part of W3C WebRTC that a peer needs, under its own names: the browser's RTCPeerConnection fits as it is, and
 * werift through its adapter. Nothing else in src/client knows which of the two is used.
 */

import type { CandidateRefusal } from '../../machines/without-xstate.ts';
import type { StatsReport } from './evidence.ts';

/** RTCSessionDescriptionInit. */
export interface SessionDescription {
  readonly type: 'offer' | 'answer';
  readonly sdp: string;
}

/** RTCIceCandidateInit. */
export interface IceCandidate {
  readonly candidate: string;
  readonly sdpMid?: string | null;
  readonly sdpMLineIndex?: number | null;
  readonly usernameFragment?: string | null;
}

/** RTCIceServer. */
export interface IceServer {
  readonly urls: string | readonly string[];
  readonly username?: string;
  readonly credential?: string;
}

/** RTCIceTransportPolicy. */
export type IceTransportPolicy = 'all' | 'relay';

/** RTCPeerConnectionState. */
export type RtcConnectionState = 'new' | 'connecting' | 'connected' | 'disconnected' | 'failed' | 'closed';

/** The part of RTCDataChannelInit that both sides need not agree on beforehand. */
export interface DataChannelInit {
  /** Whether messages arrive in the order in which they were sent; defaults to true. */
  readonly ordered?: boolean;
  /** How often a lost message is sent again; without either limit, until it arrives. */
  readonly maxRetransmits?: number;
  /** For how many milliseconds a lost message is sent again. */
  readonly maxPacketLifeTime?: number;
}

/** RTCDataChannel. */
export interface DataChannel {
  readonly label: string;
  readonly readyState: 'connecting' | 'open' | 'closing' | 'closed';
  /** Bytes handed over but not sent yet. */
  readonly bufferedAmount: number;
  /** Not part of W3C: whether `bufferedAmount` counts bytes until the other side has acknowledged them. */
  readonly countsUnacked?: boolean;
  bufferedAmountLowThreshold: number;
  binaryType: string;
  onopen: (() => void) | null;
  onclose: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onbufferedamountlow: (() => void) | null;
  send(data: string | Uint8Array): void;
  close(): void;
}

/** RTCPeerConnection. */
export interface PeerConnection {
  readonly connectionState: RtcConnectionState;
  readonly localDescription: { readonly sdp: string } | null;
  onconnectionstatechange: (() => void) | null;
  onicecandidate: ((event: { candidate: IceCandidate | null }) => void) | null;
  ondatachannel: ((event: { channel: DataChannel }) => void) | null;
  /** Not part of W3C: a message is arriving that is larger than what we accept. A browser then closes by itself. */
  onoversized?: (() => void) | null;
  /** Not part of W3C: a candidate cannot be used, including one from a description. */
  oncandidaterefused?: ((refusal: CandidateRefusal) => void) | null;
  /** Before the first description; see {@link ConnectionMaker}. An adapter that is quick to create needs none. */
  setConfiguration?(config: ConnectionConfig): void;
  createDataChannel(label: string, init?: DataChannelInit): DataChannel;
  /** For an offer that restarts ICE, or is sent before it is applied; others are made by `setLocalDescription`. */
  createOffer(options?: { iceRestart: true }): Promise<SessionDescription>;
  /** Left out: makes the one that is due, an answer to the peer's offer, or else an offer (W3C WebRTC 4.4.1.5). */
  setLocalDescription(description?: SessionDescription): Promise<void>;
  /** An offer that arrives while our own is pending rolls ours back (W3C WebRTC 4.4.1.5). */
  setRemoteDescription(description: SessionDescription): Promise<void>;
  readonly sctp?: { readonly state: string } | null;
  getStats?(): Promise<StatsReport>;
  onicecandidateerror?: ((event: { readonly errorCode: number }) => void) | null;
  /** Without a candidate: there are no more. */
  addIceCandidate(candidate?: IceCandidate): Promise<void>;
  /** W3C's returns nothing; an adapter may return a promise that resolves when all its sockets are released. */
  close(): void | Promise<void>;
}

/** RTCConfiguration, and what differs by platform. */
export interface ConnectionConfig {
  /** Empty: no STUN, no TURN. */
  readonly iceServers: readonly IceServer[];
  readonly iceTransportPolicy: IceTransportPolicy;
  /** Addresses to offer besides those of the network interfaces; only werift supports this. */
  readonly iceAdditionalHostAddresses?: readonly string[] | undefined;
  /** How long the connection may be silent before it has failed; 0: forever. A browser decides this itself. */
  readonly silenceMs: number;
}
