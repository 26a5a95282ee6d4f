/** What an editor's page loads: Yjs and its WebRTC provider, unmodified. */
export { WebrtcProvider } from 'y-webrtc';
export { Doc } from 'yjs';
