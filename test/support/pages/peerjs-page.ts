/** What a page of a PeerJS application loads, unmodified. */
export { MsgPackPeer, Peer } from 'peerjs';
