/** What a page of a PeerJS application loads, unmodified. */
export { Peer } from 'peerjs';
